"""CloudFormation, carried out by the gateway: every resource by API calls in the caller's name.

``store`` what is kept of a stack, ``prepare`` a request checked, ``maker`` one resource, ``runner`` a stack's
creation, update and deletion, and the operations: ``stacks``, ``change_sets``, ``describe``, ``templates``.
"""

from cloudlings.sandbox.own.cloudformation import change_sets, describe, stacks, templates

__all__ = ["change_sets", "describe", "stacks", "templates"]
