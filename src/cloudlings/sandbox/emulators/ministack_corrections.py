"""What MiniStack's functions answer differently from AWS, put right where they run.

``watch`` is called once in MiniStack's own process. Errors of a Python function get their type, message and
stack trace as the Lambda runtime writes them, an exception does not end the environment, and logs have the
platform's lines. Sources: Lambda Developer Guide, "Lambda function handler and errors in Python", "Working
with Lambda function logs", "Using the Lambda context object in Python".
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

# Put before MiniStack's worker script: what the runtime makes of what goes wrong.
_PRELUDE = r"""
import json as _cl_json
import traceback as _cl_traceback


class _ClMarshalError(Exception):
    pass


def _cl_lines(error, code_dir):
    frames = [f for f in _cl_traceback.extract_tb(error.__traceback__) if f.filename.startswith(code_dir)]
    lines = _cl_traceback.format_list(frames)
    return [line.replace(code_dir.rstrip("/"), "/var/task") for line in lines]


def _cl_failure(error, code_dir, request_id=""):
    kind = "Runtime.MarshalError" if isinstance(error, _ClMarshalError) else type(error).__name__
    said = {"errorMessage": str(error), "errorType": kind, "requestId": request_id}
    said["stackTrace"] = _cl_lines(error, code_dir)
    return said


def _cl_init_failure(error, module, handler, code_dir):
    if isinstance(error, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
    elif isinstance(error, SyntaxError):
        kind = "Runtime.UserCodeSyntaxError"
        place = f"{str(error.filename).rpartition('/')[2]}, line {error.lineno}"
        message = f"Syntax error in module '{module}': {error.msg} ({place})"
    elif isinstance(error, AttributeError) and handler in str(error):
        kind, message = "Runtime.HandlerNotFound", f"Handler '{handler}' missing on module '{module}'"
    else:
        kind, message = type(error).__name__, str(error)
    found = {"errorMessage": message, "errorType": kind, "requestId": ""}
    found["stackTrace"] = _cl_lines(error, code_dir)
    return "cloudlings:" + _cl_json.dumps(found)


def _cl_call(handler_fn, event, context):
    result = handler_fn(event, context)
    try:
        _cl_json.dumps(result)
    except (TypeError, ValueError) as error:
        raise _ClMarshalError(f"Unable to marshal response: {error}") from None
    return result
"""
_EDITS = (
    ("result = handler_fn(event, context)", "result = _cl_call(handler_fn, event, context)"),
    (
        '"error": str(e), "trace": traceback.format_exc()}',
        '"error": str(e), "trace": traceback.format_exc(), '
        '"failure": _cl_failure(e, code_dir, context.aws_request_id)}',
    ),
    # An exception leaves the environment as it is: "ok" keeps MiniStack from ending it.
    ('{"status": "error", "error": str(e), "trace"', '{"status": "ok", "error": str(e), "trace"'),
    (
        '{"status": "error", "error": str(e)}',
        '{"status": "error", "error": _cl_init_failure(e, module_name, handler_name, code_dir)}',
    ),
    ('"memory_limit_in_mb": init.get("memory", 128)', '"memory_limit_in_mb": str(init.get("memory", 128))'),
)


def watch(app: Any) -> None:
    """Correct functions as soon as MiniStack has loaded them: most accounts never use one."""
    load = app._get_module
    done: list[bool] = []

    def get_module(*args: Any, **kwargs: Any) -> Any:
        module = load(*args, **kwargs)
        if not done and "ministack.services.lambda_svc" in sys.modules:
            done.append(True)
            apply()
        return module

    app._get_module = get_module


def apply() -> None:
    """Correct MiniStack's functions. Raises RuntimeError when its worker is not the one known here."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for old, new in _EDITS:
        if old not in script:
            raise RuntimeError(f"MiniStack's worker has no {old!r}")
        script = script.replace(old, new)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _PRELUDE + script
    _errors(lambda_runtime, lambda_svc)
    _logs(lambda_svc)


_failed = threading.local()


def _errors(runtime: Any, service: Any) -> None:
    """A handler's failure as the runtime tells it, in place of MiniStack's one type for all."""
    invoke, execute = runtime.Worker.invoke, service._execute_function_warm

    def invoke_and_remember(self: Any, event: Any, request_id: str, **more: Any) -> Any:
        _failed.body = None
        response = invoke(self, event, request_id, **more)
        if isinstance(response, dict) and response.get("failure"):
            _failed.body = response["failure"]
            return response | {"status": "error"}
        return response

    def execute_and_tell(func: dict[str, Any], event: Any, request_id: str) -> Any:
        _failed.body = None
        started = time.monotonic()
        result = execute(func, event, request_id)
        if isinstance(result, dict) and "throttle" not in result:
            if result.get("error"):
                result["body"] = _failed.body or _told(result.get("body"), request_id)
                result["log"] = _error_log(result)
            result["log"] = _with_platform_lines(func, request_id, result.get("log", ""), started)
        return result

    runtime.Worker.invoke = invoke_and_remember
    service._execute_function_warm = execute_and_tell


def _told(body: Any, request_id: str) -> Any:
    """MiniStack's own failures, as the platform tells them."""
    message = body.get("errorMessage", "") if isinstance(body, dict) else ""
    before, found, rest = message.partition("cloudlings:")
    if found and before.startswith("Worker init failed"):
        return json.loads(rest)
    if message == "Worker process died" or message.startswith("Worker process exited"):
        text = f"RequestId: {request_id} Error: Runtime exited with error: exit status 1"
        return {"errorType": "Runtime.ExitError", "errorMessage": text}
    if message.startswith("Task timed out"):
        return {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return body


def _error_log(result: dict[str, Any]) -> str:
    """The handler's own lines, and the error as the runtime logs it."""
    body, log = result.get("body"), str(result.get("log", ""))
    own = log.partition("Traceback (most recent call last):")[0].rstrip("\n")
    if not isinstance(body, dict) or not body.get("stackTrace"):
        return log if "cloudlings:" not in log else own.partition("cloudlings:")[0]
    said = (
        f"[ERROR] {body.get('errorType')}: {body.get('errorMessage')}\nTraceback (most recent call last):\n"
    )
    return "\n".join(filter(None, [own, said + "".join(body["stackTrace"]).rstrip("\n")]))


def _with_platform_lines(func: dict[str, Any], request_id: str, log: str, started: float) -> str:
    config = func.get("config") or func
    took = (time.monotonic() - started) * 1000
    memory = config.get("MemorySize", 128)
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {took:.2f} ms\tBilled Duration: {int(took) + 1} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {min(memory, 40)} MB\t"
    )
    start = f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"
    return "\n".join(filter(None, [start, log.rstrip("\n"), f"END RequestId: {request_id}", report]))


def _logs(service: Any) -> None:
    """The platform's lines are in the log already; every execution that is logged is measured."""
    from cloudlings.sandbox.emulators import ministack_metrics

    emit = service._emit_lambda_logs

    def measure(name: str, throttle: bool = False, **_: Any) -> None:
        # MiniStack calls it for what is invoked directly, and for nothing that a queue or a rule invokes.
        if throttle:
            ministack_metrics.measure_throttle(name)

    service._emit_lambda_metrics = measure

    def emit_as_it_is(
        func: Any, request_id: str, log_text: str, error: bool, duration_ms: int, **more: Any
    ) -> None:
        whole = isinstance(log_text, str) and log_text.startswith("START RequestId: ")
        emit(
            func,
            request_id,
            log_text,
            error,
            duration_ms,
            **(more | ({"log_source": "rie"} if whole else {})),
        )
        ministack_metrics.measure_execution(func, error, duration_ms)

    service._emit_lambda_logs = emit_as_it_is
