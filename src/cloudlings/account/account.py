"""One AWS account as a grader sees it: reads, each recorded; declared probes; nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from cloudlings.account.evidence import Evidence, Read, canonical, handed_out, settled
from cloudlings.account.reads import is_read
from cloudlings.account.sql import Login, ask
from cloudlings.account.strangers import exchange
from cloudlings.errors import AccountError, EvidenceMissing, LeadsElsewhere, SandboxUnavailable

ANSWERS = "/cloudlings/answers/"


class ClientSource(Protocol):
    """Where an account's boto3 clients come from (a ``boto3.Session`` that knows the endpoint is one)."""

    def client(self, service_name: str, *, region_name: str | None = None) -> Any: ...


class Account:
    """A read-only view of one account.

    ``source`` gives boto3 clients; None replays ``evidence`` instead of asking anybody. ``probes`` are the
    operations that the task declared beyond reads (``lambda:Invoke``). ``journal`` gives the account's
    request log as JSON rows, ``clock`` moves its test clock on by so many seconds. The object is a session as
    far as ``iam``, ``network`` and ``cost`` need one: pass it to their readers.
    """

    def __init__(
        self,
        account_id: str,
        source: ClientSource | None,
        *,
        region: str = "us-east-1",
        probes: Sequence[str] = (),
        journal: Callable[[], list[dict[str, Any]]] | None = None,
        clock: Callable[[float], float] | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self.id = account_id
        self.region_name = region
        self.evidence = evidence if evidence is not None else Evidence()
        self._source = source
        self._probes = frozenset(probes)
        self._journal = journal
        self._clock = clock
        self._turn = 0
        self._clients: dict[tuple[str, str], RecordedClient] = {}

    def client(self, service_name: str, region_name: str | None = None) -> Any:
        """A boto3 client whose reads are recorded and whose writes are refused (`AccountError`)."""
        key = (service_name, region_name or self.region_name)
        if key not in self._clients:
            self._clients[key] = RecordedClient(self, *key)
        return self._clients[key]

    def answer(self, name: str) -> Any:
        """What the learner handed in with ``answer(name, value)``; None when nothing was.

        A value that is not JSON (an SSM parameter written by hand) comes back as the text that it is.
        """
        ssm = self.client("ssm")
        try:
            text = ssm.get_parameter(Name=ANSWERS + name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
        try:
            return json.loads(text)
        except ValueError:
            return text

    def journal(self) -> list[dict[str, Any]]:
        """The requests that this account has received, oldest first; recorded as evidence like a read."""
        key = Read("sandbox", "", "Journal", "{}", self._turn)
        known = self.evidence.find(key.key)
        if known is None:
            if self._source is None or self._journal is None:
                raise EvidenceMissing(
                    "The journal of this account was not read before, and there is no sandbox to ask.",
                    next_step="check the task again against a sandbox",
                )
            rows = self._journal()
            known = self.evidence.add(Read("sandbox", "", "Journal", "{}", self._turn, {"rows": rows}))
        rows_read: list[dict[str, Any]] = known.answer["rows"]
        return rows_read

    def advance(self, seconds: float) -> None:
        """Moves the account's test clock on, and returns when what is due by then has been done.

        It is the learner's account: what expires by then is gone, and each check moves the clock again. A
        task declares it as a probe (``clock:Advance``). `ClockError` for a move backwards.
        """
        if "clock:Advance" not in self._probes:
            raise AccountError(
                "A grader may not move this account's test clock.",
                next_step='declare it: @task(..., probes=["clock:Advance"])',
            )
        self._turn += 1
        key = Read("sandbox", "", "AdvanceClock", canonical({"seconds": seconds}), self._turn)
        if self.evidence.find(key.key) is not None:
            return
        if self._source is None or self._clock is None:
            raise EvidenceMissing(
                "This account's test clock was not moved before, and there is no sandbox that could move it.",
                next_step="check the task against a sandbox of this machine",
            )
        self._clock(seconds)
        self.evidence.add(replace(key, answer={"seconds": seconds}))

    def send(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> dict[str, Any]:
        """One HTTP request to the sandbox with no credentials but the URL's, as a stranger sends it.

        Gives ``status``, ``headers`` (names in small letters) and ``body``; redirects are not followed. A
        task declares it as a probe (``http:GET``). `LeadsElsewhere` for a URL that leads anywhere else.
        """
        if f"http:{method}" not in self._probes:
            raise AccountError(
                f"A grader may not send {method} {url}.",
                next_step=f'declare it: @task(..., probes=["http:{method}"])',
            )
        self._turn += 1
        about = {"url": url, "headers": headers or {}, "body": hashlib.sha256(body).hexdigest()}
        key = ("http", "", method, canonical(about), self._turn)
        read = self.evidence.find(key)
        if read is None:
            if self._source is None:
                raise EvidenceMissing(
                    f"{method} {url} was not sent when this evidence was recorded.",
                    next_step="check the task again against a sandbox",
                )
            endpoint = str(self._source.client("s3", region_name=self.region_name).meta.endpoint_url)
            try:
                found = exchange(endpoint, url, method, headers or {}, body)
            except LeadsElsewhere as error:
                found = {"elsewhere": error.message}
            read = self.evidence.add(Read(*key, answer=found))
        answer: dict[str, Any] = read.answer
        if "elsewhere" in answer:
            raise LeadsElsewhere(answer["elsewhere"], next_step="make the address with a client of this lab")
        return answer

    def ask(self, login: Login, statement: str) -> dict[str, Any]:
        """One read-only SQL statement to a database of this sandbox; see `cloudlings.account.sql.ask`.

        A task declares it as a probe (``sql:Select``). Recorded as evidence, without the password.
        """
        if "sql:Select" not in self._probes:
            raise AccountError(
                f"A grader may not ask {login.host} for SQL.",
                next_step='declare it: @task(..., probes=["sql:Select"])',
            )
        key = ("sql", "", "Select", canonical({**login.about(), "statement": statement}), self._turn)
        read = self.evidence.find(key)
        if read is None:
            if self._source is None:
                raise EvidenceMissing(
                    "This database was not asked when this evidence was recorded.",
                    next_step="check the task again against a sandbox",
                )
            read = self.evidence.add(Read(*key, answer=ask(login, statement)))
        answer: dict[str, Any] = read.answer
        return answer

    def perform(
        self, service: str, region: str, operation: str, method: str, parameters: dict[str, Any]
    ) -> Any:
        """Answers one call from the evidence, or makes and records it. Called by `RecordedClient` only."""
        probe = not is_read(service, operation)
        if probe and f"{service}:{operation}" not in self._probes:
            raise AccountError(
                f"A grader may not call {service}:{operation}: it could change the learner's account.",
                next_step=f'declare it: @task(..., probes=["{service}:{operation}"]), or read the state',
            )
        if probe:
            self._turn += 1
        key = (service, region, operation, canonical(parameters), self._turn)
        read = self.evidence.find(key)
        if read is None:
            read = self.evidence.add(self._call(key, method, parameters))
        if read.error:
            raise _client_error(read)
        return read

    def _call(self, key: tuple[str, str, str, str, int], method: str, parameters: dict[str, Any]) -> Read:
        service, region, operation, _, _ = key
        if self._source is None:
            raise EvidenceMissing(
                f"{service}:{operation} was not read when this evidence was recorded.",
                next_step="check the task again against a sandbox",
            )
        try:
            answer = getattr(self._source.client(service, region_name=region), method)(**parameters)
            return Read(*key, answer=settled(answer))
        except ClientError as error:
            return Read(*key, error=_as_row(error))
        except (HTTPClientError, NoConnection) as error:
            raise SandboxUnavailable(
                f"The sandbox did not answer {service}:{operation}.",
                next_step="look with: cloudlings doctor; start it with: cloudlings start; then check again",
            ) from error


class RecordedClient:
    """A boto3 client in which every call goes through its `Account`."""

    def __init__(self, account: Account, service: str, region: str) -> None:
        self._account = account
        self._service = service
        self._region = region

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        model = _model(self._service)
        operation = model.methods.get(name)
        if operation is None:
            raise AccountError(
                f"A grader may not use {self._service}.{name}.",
                next_step="call an API operation that reads, or get_paginator of one",
            )

        def call(**parameters: Any) -> Any:
            read = self._account.perform(self._service, self._region, operation, name, parameters)
            return handed_out(read.answer, model.streams(operation))

        return call

    @property
    def exceptions(self) -> Any:
        """The service's exception classes, as on a boto3 client."""
        return _model(self._service).exceptions

    def get_paginator(self, name: str) -> RecordedPaginator:
        """Pages of one read: ``get_paginator("list_roles").paginate(…)``."""
        return RecordedPaginator(self, self._service, name)


class RecordedPaginator:
    """boto3's paginator over a recorded client."""

    def __init__(self, client: RecordedClient, service: str, name: str) -> None:
        self._client, self._service, self._name = client, service, name

    def paginate(self, **parameters: Any) -> Any:
        from botocore.paginate import Paginator

        model = _model(self._service)
        operation = model.methods[self._name]
        paginator = Paginator(
            getattr(self._client, self._name),
            model.pagination(operation),
            model.service.operation_model(operation),
        )
        return paginator.paginate(**parameters)


class _ServiceModel:
    """What botocore's models say about one service, without a client."""

    def __init__(self, service: str) -> None:
        import botocore.session
        from botocore import xform_name
        from botocore.errorfactory import ClientExceptionsFactory
        from botocore.model import ServiceModel

        self._loader = botocore.session.get_session().get_component("data_loader")
        self._name = service
        self.service = ServiceModel(self._loader.load_service_model(service, "service-2"), service)
        self.methods = {xform_name(name): name for name in self.service.operation_names}
        self.exceptions = ClientExceptionsFactory().create_client_exceptions(self.service)
        self._pages: dict[str, Any] | None = None

    def streams(self, operation: str) -> Iterator[str]:
        output = self.service.operation_model(operation).output_shape
        if output is not None:
            for name, member in output.members.items():
                if member.serialization.get("streaming") or (
                    output.serialization.get("payload") == name and member.type_name == "blob"
                ):
                    yield name

    def pagination(self, operation: str) -> Any:
        if self._pages is None:
            self._pages = self._loader.load_service_model(self._name, "paginators-1")["pagination"]
        if operation not in self._pages:
            raise AccountError(f"{operation} has no pages.", next_step="call it directly")
        return self._pages[operation]


_models: dict[str, _ServiceModel] = {}


def _model(service: str) -> _ServiceModel:
    if service not in _models:
        _models[service] = _ServiceModel(service)
    return _models[service]


def _as_row(error: ClientError) -> dict[str, Any]:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    row = error.response.get("Error", {})
    code, message = str(row.get("Code", "")), str(row.get("Message", ""))
    if status >= 500:
        raise SandboxUnavailable(
            f"The sandbox failed on {error.operation_name}: {status} {code} {message}".rstrip(),
            next_step="check again; if it goes on, cloudlings doctor shows what is wrong",
        ) from error
    return {"Code": code, "Message": message, "Status": status}


def _client_error(read: Read) -> ClientError:
    assert read.error is not None
    error = read.error
    response = {
        "Error": {"Code": error["Code"], "Message": error["Message"]},
        "ResponseMetadata": {"HTTPStatusCode": error["Status"]},
    }
    kind = _model(read.service).exceptions.from_code(error["Code"])
    raised: ClientError = kind(response, read.operation)
    return raised
