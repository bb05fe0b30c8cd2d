"""What CloudFormation refuses before it begins."""


class Invalid(Exception):
    """A template or request that CloudFormation refuses with ValidationError: its words."""
