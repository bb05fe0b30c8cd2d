"""The sandbox: AWS on the learner's own machine, behind one door.

``Sandbox.start(home)`` runs it in processes of its own; ``environment`` is what a tool needs to use it.
"""

from cloudlings.sandbox.environment import environment, variables
from cloudlings.sandbox.handle import Sandbox
from cloudlings.sandbox.model import Credentials, JournalEntry, Who

__all__ = ["Credentials", "JournalEntry", "Sandbox", "Who", "environment", "variables"]
