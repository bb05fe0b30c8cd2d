"""Functions as MiniStack runs them, put right where they run: Python functions in a process of our own
making.

``correct`` takes over four things of MiniStack's: an execution environment (``Worker``), how one invocation
runs and is counted, its log in CloudWatch Logs, and its metrics. Sources: Lambda Developer Guide,
"Understanding the Lambda execution environment lifecycle", "Configuring reserved concurrency", "Working with
Lambda function logs", "Types of metrics for Lambda functions".
"""

from __future__ import annotations

import contextvars
import datetime as dt
import io
import json
import os
import shutil
import stat
import threading
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cloudlings.sandbox.emulators import function_box, function_process, ministack_metrics, ministack_runtimes
from cloudlings.sandbox.emulators.function_process import Answer, Environment, Setup

Event = tuple[int, str]
# Lambda ends an initialisation after this, and begins it anew within the function's own time.
LONGEST_INIT = 10.0

# MiniStack names each of its answers; the gateway puts an invocation's own name in its place.
REQUEST_ID = "x-cloudlings-request-id"

invocation_id: contextvars.ContextVar[str] = contextvars.ContextVar("invocation_id", default="")
"""The request id of the next invocation in this context; "" for one of its own."""


class Log(str):
    """What an invocation logged, as one text, and as the events of its stream."""

    events: list[Event]
    stream: str
    duration: float


@dataclass(frozen=True)
class Outcome:
    """One invocation: the answer, what was logged, and what its report says (milliseconds)."""

    answer: Answer
    events: list[Event]
    stream: str
    duration: float
    init: float | None


class Worker:
    """An execution environment, as MiniStack's pool of them wants it."""

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        self.func_name = func_name
        self.config = config
        self.code_zip = code_zip
        self.in_use = False
        self.last_used = time.time()
        self._lock = threading.Lock()
        self._cold = True
        self._environment: Environment | None = None
        self._folder: Path | None = None
        self._stream = ""
        # Logged while it began, and told with the first invocation.
        self._waiting: list[Event] = []

    @property
    def _proc(self) -> Any:
        """The process, which the pool asks and ends."""
        return self._environment.process if self._environment is not None else None

    @_proc.setter
    def _proc(self, _: None) -> None:
        self._environment = None

    def _spawn(self) -> None:
        """Start ahead of the first invocation. Raises RuntimeError when the function's code does not load."""
        found = self._begin()
        if found is not None:
            raise RuntimeError((found[0].failure or {}).get("errorMessage", "Runtime exited"))

    def _begin(self) -> tuple[Answer, list[Event], float] | None:
        """Start a process and load the code. What went wrong, what was logged, how long it took (ms)."""
        self._discard_tmpdir()
        began = time.monotonic()
        self._folder, place = function_process.make_place(_home("environments"))
        _unpack(self.code_zip, place.code)
        for layer in _layers(self.config):
            _unpack(layer, place.layers)
        function_process.hand_over(self._folder, place)
        now = dt.datetime.now(dt.UTC)
        self._stream = f"{now:%Y/%m/%d}/[{self.config.get('Version', '$LATEST')}]{os.urandom(16).hex()}"
        self._environment = Environment(
            Setup(
                place=place,
                runtime=_home("runtime"),
                handler=str(self.config.get("Handler", "")),
                variables=variables(self.config, self._stream),
                memory=int(self.config.get("MemorySize", 128)),
                storage=int((self.config.get("EphemeralStorage") or {}).get("Size", 512)),
                gate=urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).port or 4566,
            )
        )
        answer = self._environment.begin(LONGEST_INIT)
        events = self._environment.output.until("init")
        took = (time.monotonic() - began) * 1000
        if answer.failure is None and not answer.end:
            self._waiting = events
            return None
        return answer, events, took

    def run(
        self, event: Any, request_id: str, arn: str, depth: Any, extra: Mapping[str, str | None]
    ) -> Outcome:
        """Run one invocation."""
        with self._lock:
            return self._run(event, request_id, arn, depth, extra)

    def _run(
        self, event: Any, request_id: str, arn: str, depth: Any, extra: Mapping[str, str | None]
    ) -> Outcome:
        timeout = float(self.config.get("Timeout", 3))
        init, events = None, list[Event]()
        if self._environment is None or not self._environment.alive():
            began = time.monotonic()
            failed = self._begin()
            init = (time.monotonic() - began) * 1000
            if failed is not None and failed[0].end == "timeout":
                failed = self._begin_again(timeout)
            if failed is not None:
                self._stop()
                answer, events, took = failed
                return Outcome(answer, events, self._stream, took, None)
            events, self._waiting = self._waiting, []
        environment = self._environment
        assert environment is not None
        began = time.monotonic()
        order = {
            "event": event,
            "request_id": request_id,
            "arn": arn,
            "depth": depth,
            "variables": dict(extra),
            "deadline": time.time() + timeout,
        }
        answer = environment.order(order, timeout)
        duration = min((time.monotonic() - began) * 1000, timeout * 1000)
        events += environment.output.until(request_id, 1.0 if not answer.end else 0.2)
        memory = int(self.config.get("MemorySize", 128))
        if not answer.end and answer.peak > memory:
            answer = Answer(end="with error: signal: killed", peak=memory)
        if answer.end:
            self._stop()
        return Outcome(answer, events, self._stream, duration, init)

    def _begin_again(self, timeout: float) -> tuple[Answer, list[Event], float] | None:
        """The second initialisation, which has the function's own time."""
        if timeout < LONGEST_INIT:
            # It took longer than that already.
            return Answer(end="timeout"), [], timeout * 1000
        return self._begin()

    def _stop(self) -> None:
        if self._environment is not None:
            self._environment.stop()
            self._environment = None

    def _discard_tmpdir(self) -> None:
        self._stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """End the environment."""
        self._discard_tmpdir()


def correct(service: Any) -> None:
    """Take over Python functions, the counting of invocations, their logs, and what invokes them."""
    from ministack.core import lambda_runtime as runtime

    from cloudlings.sandbox.emulators import ministack_apis, ministack_async, ministack_sources

    other = runtime._worker_class_for
    run_otherwise = service._execute_function_warm

    def worker_class_for(config: dict[str, Any]) -> Any:
        return Worker if _is_python(config) else other(config)

    def execute_warm(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = func.get("config") or func
        if not _is_python(config) or not func.get("code_zip"):
            found: dict[str, Any] = run_otherwise(func, event, request_id)
            return found
        return _run(runtime, service, func, event, request_id)

    ministack_runtimes.correct(runtime, service, LONGEST_INIT)
    runtime._worker_class_for = worker_class_for
    service._execute_function_warm = execute_warm
    service._execute_function = _counted(service)
    service._invoke = _numbered(service._invoke)
    service._emit_lambda_logs = _written(service._emit_lambda_logs)
    # Counted with every invocation, whoever asked for it.
    service._emit_lambda_metrics = lambda *_, **__: None
    ministack_apis.correct_functions(service)
    ministack_async.correct(service)
    ministack_sources.correct(service)
    # What a sandbox left behind that was killed.
    shutil.rmtree(_home("environments"), ignore_errors=True)
    # Asked once, and now rather than by the first function.
    threading.Thread(target=function_box.why_not, daemon=True, name="function-box").start()


def _is_python(config: Mapping[str, Any]) -> bool:
    return str(config.get("Runtime", "python3.12")).startswith("python")


def _numbered(invoke: Any) -> Any:
    """An invocation's request id is the one of its answer."""

    async def numbered(name: str, event: Any, headers: Mapping[str, str], *rest: Any, **more: Any) -> Any:
        from ministack.core.responses import new_uuid

        number = new_uuid()
        invocation_id.set(number)
        status, answered, body = await invoke(name, event, headers, *rest, **more)
        return status, {**answered, REQUEST_ID: number}, body

    return numbered


def _counted(service: Any) -> Any:
    """One invocation of any runtime: within the reserved concurrency of the whole function, and counted."""

    def execute(func: dict[str, Any], event: Any) -> Any:
        from ministack.core.responses import new_uuid

        config = func.get("config") or func
        if service._function_config_scope_mismatch(config):
            return service._run_with_function_config_scope(config, execute, func, event)
        request_id = invocation_id.get() or new_uuid()
        invocation_id.set("")
        name = config.get("FunctionName", "")
        # What is reserved is the function's, whichever version runs, and however old the caller's record is.
        base = service._functions.get(name) or {}
        slot, limit = service._acquire_execution_slot({"concurrency": base.get("concurrency")}, config)
        if slot is None:
            ministack_metrics.measure_throttle(name)
            return throttled("ReservedFunctionConcurrent" if limit == "function" else "Concurrent")
        began = time.monotonic()
        try:
            result = service._execute_function_dispatch(func, config, event, request_id, time.time())
        finally:
            service._release_execution_slot(slot)
        took = (time.monotonic() - began) * 1000
        duration = getattr(result.get("log"), "duration", None) or took
        ministack_metrics.measure_execution(func, bool(result.get("error")), duration)
        return result

    return execute


def throttled(limit: str) -> dict[str, Any]:
    """What an invocation beyond the concurrency gets."""
    body = {
        "__type": "TooManyRequestsException",
        "Reason": f"{limit}InvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    return {"throttle": True, "error": True, "body": body, "log": ""}


def _run(runtime: Any, service: Any, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    config = func.get("config") or func
    service._ensure_reaper_thread()
    qualifier = config.get("Version", "$LATEST")
    worker, _ = runtime.acquire_worker(config["FunctionName"], config, func["code_zip"], qualifier=qualifier)
    extra = {"_X_AMZN_TRACE_ID": service._xray_trace_id_for_invocation(config)}
    durable = service._durable_env_overlay()
    extra |= {name: durable.get(name) for name in runtime.DURABLE_ENV_VARS}
    try:
        outcome = worker.run(
            event, request_id, config.get("FunctionArn", ""), service._invoke_depth.get(), extra
        )
    finally:
        runtime.release_worker(worker)
    return _result(config, request_id, outcome)


def _result(config: Mapping[str, Any], request_id: str, outcome: Outcome) -> dict[str, Any]:
    """An invocation as MiniStack passes it on."""
    answer, timeout = outcome.answer, float(config.get("Timeout", 3))
    body: Any
    if answer.end == "timeout":
        said = f"Task timed out after {timeout:.2f} seconds"
        body = {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {said}"}
    elif answer.end:
        said = f"RequestId: {request_id} Error: Runtime exited {answer.end}"
        body = {"errorType": "Runtime.ExitError", "errorMessage": said}
    elif answer.failure is not None:
        body = answer.failure
    else:
        return {"body": json.loads(answer.text), "log": _log(config, request_id, outcome, "")}
    return {
        "body": body,
        "error": True,
        "function_error": "Unhandled",
        "log": _log(config, request_id, outcome, body["errorType"]),
    }


def _log(config: Mapping[str, Any], request_id: str, outcome: Outcome, error: str) -> Log:
    """The platform's lines around the function's own."""
    now, memory = int(time.time() * 1000), int(config.get("MemorySize", 128))
    first = min([now, *(at for at, _ in outcome.events)])
    lines = [
        (first, f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"),
        *outcome.events,
    ]
    ending = ""
    if outcome.answer.end == "timeout":
        moment = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        seconds = f"{float(config.get('Timeout', 3)):.2f}"
        lines.append((now, f"{moment} {request_id} Task timed out after {seconds} seconds"))
        ending = "Status: timeout\t"
    elif outcome.answer.end:
        lines.append((now, f"RequestId: {request_id} Error: Runtime exited {outcome.answer.end}\n{error}"))
        ending = f"Status: error\tError Type: {error}\t"
    took = max(outcome.duration, 0.01)
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {took:.2f} ms\tBilled Duration: {-int(-took // 1)} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {min(outcome.answer.peak or memory, memory)} MB\t"
    )
    if outcome.init is not None:
        report += f"Init Duration: {outcome.init:.2f} ms\t"
    lines += [(now, f"END RequestId: {request_id}"), (now, report + ending)]
    log = Log("\n".join(text for _, text in lines))
    log.events, log.stream, log.duration = lines, outcome.stream, took
    return log


def _written(emit: Any) -> Any:
    """An invocation's events in the stream of its environment; other runtimes' as MiniStack writes them."""

    def write(
        func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **more: Any
    ) -> None:
        if not isinstance(log_text, Log):
            emit(func, request_id, log_text, error, duration_ms, **more)
            return
        config = func.get("config") or func
        settings = config.get("LoggingConfig") or {}
        group = settings.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}"
        put_events(group, log_text.stream, log_text.events)

    return write


def put_events(group: str, stream: str, events: Iterable[Event]) -> None:
    """Write events into a stream of CloudWatch Logs, making group and stream where they are not there."""
    from ministack.services import cloudwatch_logs as logs

    now = int(time.time() * 1000)
    found = logs._log_groups.setdefault(
        group,
        {
            "arn": logs._make_group_arn(group),
            "creationTime": now,
            "retentionInDays": None,
            "tags": {},
            "subscriptionFilters": {},
            "streams": {},
        },
    )
    into = found["streams"].setdefault(
        stream,
        {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        },
    )
    written = [{"timestamp": at, "message": text} for at, text in events]
    logs._append_log_events(into, [each | {"ingestionTime": now} for each in written])
    logs._fanout_to_subscription_filters(group, stream, written)


def variables(config: Mapping[str, Any], stream: str) -> dict[str, str]:
    """All that a function's process finds in its environment.

    Source: Lambda Developer Guide, "Working with Lambda environment variables", defined runtime variables.
    What AWS has not: the address of the sandbox.
    """
    from ministack.core import lambda_runtime as runtime

    name = str(config.get("FunctionName", ""))
    region = str(config.get("FunctionArn", "")).split(":")[3:4] or ["us-east-1"]
    own = (config.get("Environment") or {}).get("Variables") or {}
    settings = config.get("LoggingConfig") or {}
    return {
        "PATH": ministack_runtimes.PATH,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "LD_LIBRARY_PATH": "/opt/lib",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": os.environ.get("AWS_ENDPOINT_URL", ""),
        runtime.HOST_PREFIX_ENV: "true",
        **{key: str(value) for key, value in own.items()},
        "_HANDLER": str(config.get("Handler", "")),
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_REGION": region[0],
        "AWS_DEFAULT_REGION": region[0],
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3.12')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        **_of_logs(settings),
        "AWS_LAMBDA_LOG_GROUP_NAME": settings.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        **runtime.execution_credentials(dict(config)),
    }


def _of_logs(settings: Mapping[str, Any]) -> Mapping[str, str]:
    """What tells a runtime to write its logger's lines as JSON, and from which level on."""
    if settings.get("LogFormat") != "JSON":
        return {}
    level = str(settings.get("ApplicationLogLevel") or "INFO")
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}


def _layers(config: Mapping[str, Any]) -> Iterable[bytes]:
    from ministack.services import lambda_svc as service

    for layer in config.get("Layers") or []:
        found = service._resolve_layer_zip(layer)
        if found:
            yield found


def _unpack(package: bytes, folder: Path) -> None:
    """Unpack a zip, later ones over earlier ones; nothing leaves the folder, and links are left out."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                continue
            path = Path(archive.extract(member, folder))
            if mode & 0o100 and path.is_file():
                path.chmod(0o755)


def _home(name: str) -> Path:
    """A folder of functions' own: of their environments, or of links to what AWS's runtime has."""
    folder = Path(os.environ["HOME"], name)
    folder.mkdir(exist_ok=True)
    return folder
