"""A read-only, recorded view of one AWS account: all that a grader may touch."""

from cloudlings.account.account import Account, ClientSource
from cloudlings.account.evidence import Evidence, Read
from cloudlings.account.reads import is_read

__all__ = ["Account", "ClientSource", "Evidence", "Read", "is_read"]
