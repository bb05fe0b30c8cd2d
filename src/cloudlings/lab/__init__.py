"""What a lab is: read its one source, derive its notebook, make a learner's personal values.

This package derives only: it knows nothing of the sandbox, and is handed the points.
"""

from cloudlings.lab import names
from cloudlings.lab.brief import Brief, account_id, brief_for
from cloudlings.lab.build import SEED_PLACEHOLDER, Points, Variant, answer_id, build, opening_code, personal
from cloudlings.lab.catalogue import Catalogue
from cloudlings.lab.folder import check_fresh, open_copy, write_built
from cloudlings.lab.learner import Learner, join, learner
from cloudlings.lab.markers import cleared
from cloudlings.lab.model import Cell, Given, Header, Lab, Region

__all__ = [
    "SEED_PLACEHOLDER",
    "Brief",
    "Catalogue",
    "Cell",
    "Given",
    "Header",
    "Lab",
    "Learner",
    "Points",
    "Region",
    "Variant",
    "account_id",
    "answer_id",
    "brief_for",
    "build",
    "check_fresh",
    "cleared",
    "join",
    "learner",
    "names",
    "open_copy",
    "opening_code",
    "personal",
    "write_built",
]
