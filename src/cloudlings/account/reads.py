"""Which API operations only read.

AWS's service models do not say it, so the verb that an operation's name begins with decides, with the
exceptions that were found by going through the names of botocore's models. Anything else is a write.
"""

from __future__ import annotations

_VERBS = ("Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Search", "Simulate", "Validate", "Filter")
_READS = {
    ("dynamodb", "Query"),
    ("dynamodb", "Scan"),
    ("dynamodb", "TransactGetItems"),
    ("accessanalyzer", "CheckAccessNotGranted"),
    ("accessanalyzer", "CheckNoNewAccess"),
    ("accessanalyzer", "CheckNoPublicAccess"),
    ("cloudformation", "DetectStackDrift"),
    ("logs", "TestMetricFilter"),
    ("events", "TestEventPattern"),
}
# Named like reads, yet they change something or hand out a secret that acts: credentials, a token, a
# message that disappears, a report that is made.
_WRITES = {
    ("sts", "GetSessionToken"),
    ("sts", "GetFederationToken"),
    ("sts", "GetWebIdentityToken"),
    ("iam", "GenerateCredentialReport"),
    ("cognito-identity", "GetId"),
    ("cognito-identity", "GetCredentialsForIdentity"),
    ("kinesis", "GetShardIterator"),
}


def is_read(service: str, operation: str) -> bool:
    """Whether an operation (``s3``, ``GetBucketPolicy``) leaves the account as it was."""
    key = (service, operation)
    if key in _READS:
        return True
    return key not in _WRITES and operation.startswith(_VERBS)
