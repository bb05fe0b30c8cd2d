"""Property tests have no deadline of their own: a busy machine is no fault of the engine."""

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
