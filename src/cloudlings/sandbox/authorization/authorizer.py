"""Whether a request may be: the gateway asks before it sends one on, and tells what was answered.

A request becomes what it needs (``mapping``), each need is decided by ``cloudlings.iam`` under the policies
of the live accounts (``judge``), and a refusal gets AWS's words in its service's form (``denial``). What
was decided is in the ``log``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from cloudlings.errors import PolicyError
from cloudlings.iam.decision import Decision
from cloudlings.sandbox import wire
from cloudlings.sandbox.authorization import denial
from cloudlings.sandbox.authorization.account import Account
from cloudlings.sandbox.authorization.judge import Judge, Judgement
from cloudlings.sandbox.authorization.log import DecisionLog
from cloudlings.sandbox.authorization.mapping import needs_of
from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.source import Facts, Source
from cloudlings.sandbox.authorization.table import prefix_of
from cloudlings.sandbox.model import Call, Response
from cloudlings.sandbox.operations import needs_no_credentials

# Deployed APIs and function URLs have authorizers of their own, which the emulator that runs them keeps.
_JUDGED_ELSEWHERE = ("execute-api",)
# A browser asks this before it sends what is then authorised.
_FREE = (("s3", "PreflightObject"),)
# A missing object is told only to those who may list what there is (S3 API reference, GetObject, HeadObject).
_TELLS_OF_KEYS = ("GetObject", "HeadObject", "GetObjectAttributes", "GetObjectTagging", "GetObjectAcl")


# Services whose resources the emulator finds in the caller's account only, whatever a request's ARN says.
_FOUND_AT_HOME: Final = (
    "lambda", "kms", "secretsmanager", "dynamodb", "events", "ecr", "kinesis", "stepfunctions", "ssm", "logs",
)  # fmt: skip


@dataclass(frozen=True)
class Ruling:
    """What became of a request: the answer to one that goes no further, or None.

    ``account_id`` is the account to answer it in, where that is another one than the caller's.
    """

    answer: Response | None = None
    account_id: str = ""


class Authorizer:
    """Decides the requests of every account."""

    def __init__(self, source: Source) -> None:
        self._account = Account(source)
        self._judge = Judge(self._account)
        self.log = DecisionLog()

    def forget(self) -> None:
        """Read every policy anew: something changed past the gateway."""
        self._account.forget()

    async def facts(self, arn: str, region: str) -> Facts:
        """What is known of a resource: its policy, tags and owner, the organization of its account."""
        return await self._account.resource(arn, "", region)

    async def before(self, call: Call, service: str, path: str) -> Ruling:
        """Whether a request may be.

        ``service`` is the name that the request was signed for, ``path`` its percent-encoded path as the
        service's model writes it.
        """
        if not _is_judged(call, service):
            return Ruling()
        asked = Asked(call, prefix_of(service), path)
        try:
            judged = await self._judge.judge(asked, needs_of(asked))
        except PolicyError as error:
            return Ruling(_unreadable(call, error))
        self.log.add(call, judged)
        if not judged.allowed:
            return Ruling(denial.response(call, judged.decisions[-1]))
        if (call.service, call.operation) == ("sts", "DecodeAuthorizationMessage"):
            return Ruling(denial.decoded_response(call, asked.text("EncodedMessage")))
        return Ruling(account_id=_elsewhere(call, judged))

    async def after(self, call: Call, service: str, response: Response) -> Response:
        """The answer as the caller may see it; forgets what the request may have changed."""
        self._account.observe(call)
        if response.status != 404 or call.service != "s3" or call.operation not in _TELLS_OF_KEYS:
            return response
        if not _is_judged(call, service) or b"NoSuchBucket" in response.body:
            return response
        refused = await self._may_not_list(call)
        return denial.response(call, refused) if refused else response

    async def _may_not_list(self, call: Call) -> Decision | None:
        """The refusal of s3:ListBucket, as a caller who asks for a missing object meets it."""
        bucket = call.resource.partition("/")[0]
        asked = Asked(replace(call, operation="ListObjectsV2"), "s3")
        facts = await self._account.resource(bucket, call.account_id, call.region)
        if facts.get("missing"):
            return None
        try:
            judged = await self._judge.judge(asked, (Need("s3:ListBucket", bucket),))
        except PolicyError:
            return None
        if judged.allowed:
            return None
        self.log.add(call, judged)
        return judged.decisions[-1]


def _is_judged(call: Call, service: str) -> bool:
    if call.source == "grader" or service in _JUDGED_ELSEWHERE or (call.service, call.operation) in _FREE:
        return False
    # Sign-in and the like: whoever calls has no credentials yet. Roles ask their trust policy all the same.
    return call.service == "sts" or not needs_no_credentials(call.service, call.operation)


def _elsewhere(call: Call, judged: Judgement) -> str:
    """The account of the resource, where it is another's and the emulator would not look there."""
    if call.service not in _FOUND_AT_HOME or not judged.decisions:
        return ""
    owner = judged.decisions[0].request.owner
    return owner if owner != call.account_id else ""


def _unreadable(call: Call, error: PolicyError) -> Response:
    code, status = denial.code_of(call)
    message = f"This request cannot be decided: {error.message} {error.next_step}".strip()
    return wire.error(call.request, call.service, status, code, message)
