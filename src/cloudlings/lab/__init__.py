"""What a lab is: read its one source, derive its notebook, make a learner's personal values.

This package derives only: it knows nothing of the sandbox, and is handed the points.
"""

from cloudlings.lab import names
from cloudlings.lab.answers import Loss, NearMiss, OtherAnswer, Piece, near_misses, other_answers, read_answer
from cloudlings.lab.brief import Brief, account_id, brief_for
from cloudlings.lab.build import SEED_PLACEHOLDER, Points, Variant, answer_id, build, opening_code, personal
from cloudlings.lab.catalogue import Catalogue
from cloudlings.lab.coverage import check_coverage, write_coverage
from cloudlings.lab.excerpt import own_part
from cloudlings.lab.folder import check_fresh, open_copy, write_built
from cloudlings.lab.leaks import Leak, leaks
from cloudlings.lab.learner import Learner, join, learner
from cloudlings.lab.markers import cleared
from cloudlings.lab.model import Cell, Given, Header, Lab, Region
from cloudlings.lab.new import new_lab
from cloudlings.lab.notebooks import Notebook, NotebookCell, parse_notebook, read_notebook
from cloudlings.lab.overview import check_overview, write_overview
from cloudlings.lab.splice import Step, solution_steps, spliced, starter_steps
from cloudlings.lab.templates import stack_parameters

__all__ = [
    "SEED_PLACEHOLDER",
    "Brief",
    "Catalogue",
    "Cell",
    "Given",
    "Header",
    "Lab",
    "Leak",
    "Learner",
    "Loss",
    "NearMiss",
    "Notebook",
    "NotebookCell",
    "OtherAnswer",
    "Piece",
    "Points",
    "Region",
    "Step",
    "Variant",
    "account_id",
    "answer_id",
    "brief_for",
    "build",
    "check_coverage",
    "check_fresh",
    "check_overview",
    "cleared",
    "join",
    "leaks",
    "learner",
    "names",
    "near_misses",
    "new_lab",
    "open_copy",
    "opening_code",
    "other_answers",
    "own_part",
    "parse_notebook",
    "personal",
    "read_answer",
    "read_notebook",
    "solution_steps",
    "spliced",
    "stack_parameters",
    "starter_steps",
    "write_built",
    "write_coverage",
    "write_overview",
]
