"""Grading a cohort: every submission of a lab, in parallel, each in a box of its own, into nbgrader's
gradebook.

`submissions` finds and reads what was handed in; `grade` runs it on dask.distributed; `outcomes` keeps what
came of each, so that a run can be cut short and taken up again; `gradebook` writes by nbgrader's own steps.
`regrade`, `report` and `export` work from what was kept.
"""
