"""The bridge to nbgrader: stock commands grade labs on their accounts.

`course` makes a course folder whose ``nbgrader_config.py`` names the classes here: `release` turns a source
into a release, `submitted` makes any submission gradable, `grade` runs it in a sandbox of its own and writes
what the trusted process found into nbgrader's gradebook.
"""

from cloudlings.grading.nbgrader.lean import import_nbformat

import_nbformat()
