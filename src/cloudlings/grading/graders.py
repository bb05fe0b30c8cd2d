"""What a grader file imports: the one page of `cloudlings.grading` that lab authors need.

    from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task

A grader function takes fixtures by their names: ``account`` (the lab's main account), ``accounts`` (all of
them by name), ``brief`` (the learner's personal values) and ``answer`` (``answer("name")`` is what the
learner handed in, None when nothing).
"""

from cloudlings.account import Account
from cloudlings.grading.task import Because, not_attempted_unless, task
from cloudlings.lab import Brief

__all__ = ["Account", "Because", "Brief", "not_attempted_unless", "task"]
