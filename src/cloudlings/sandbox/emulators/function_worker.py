"""The Python runtime of a function: runs in the function's own process, in its box, and needs nothing of
ours.

It reads its orders as lines of JSON and answers each with one. What the function prints is its log: standard
output and error go there, and never into the answers. Sources: Lambda Developer Guide, "Define Lambda
function handler in Python", "Using the Lambda context object", "Log and monitor Python Lambda functions".
"""

# It starts with every cold start, so it does without pathlib.
# ruff: noqa: PTH112, PTH118, PTH123, PTH208

from __future__ import annotations

import builtins
import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Not imported by a running function: it takes a while.
    from typing import IO, Any

# Ends what was logged during one order; joins the lines of one event.
END, JOIN = "\x00cloudlings:", "\x1e"


def begin() -> tuple[IO[str], IO[str]]:
    """Become the function's user, put limits, and keep the orders' descriptors from the function."""
    uid = os.environ.pop("CLOUDLINGS_UID", "")
    door, gate = os.environ.pop("CLOUDLINGS_DOOR", ""), os.environ.pop("CLOUDLINGS_GATE", "")
    limits = json.loads(os.environ.pop("CLOUDLINGS_LIMITS", "{}"))
    if door:
        open_door(int(door), int(gate))
    limit(limits)
    if uid:
        os.setgroups([])
        os.setresgid(int(uid), int(uid), int(uid))
        os.setresuid(int(uid), int(uid), int(uid))
    orders, answers = os.fdopen(os.dup(0), "r", encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    return orders, answers


def open_door(door: int, gate: int) -> None:
    """Listen where the sandbox is expected, and hand the listener out to whoever leads on to it."""
    import _socket
    import array

    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", gate))
    listener.listen(128)
    channel = _socket.socket(fileno=door)
    handed = array.array("i", [listener.fileno()])
    channel.sendmsg([b"."], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handed)])
    channel.close()
    listener.close()


def limit(limits: dict[str, int]) -> None:
    """Limits by their names in ``resource``; what the system has none of, or lower, stays."""
    import resource

    for name, most in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or hard > most:
            try:
                resource.setrlimit(kind, (most, most))
            except (OSError, ValueError):
                continue


def prepare(paths: dict[str, Any]) -> None:
    """What every Python has at its start, where to import from, and the names that site would give."""
    import _sitebuiltins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))
    own = [path for path in os.environ.get("PYTHONPATH", "").split(":") if path]
    standard = [path for path in sys.path[1:] if path not in own]
    sys.path[:] = [paths["code"], *own, *layered(paths["layers"]), *paths["runtime"], *standard]
    sys.meta_path.insert(0, Watch())


def layered(folder: str) -> list[str]:
    """Where a layer's modules are."""
    found = []
    if os.path.isdir(os.path.join(folder, "python")):
        found.append(os.path.join(folder, "python"))
    library = os.path.join(folder, "python", "lib")
    if os.path.isdir(library):
        found += [os.path.join(library, each, "site-packages") for each in sorted(os.listdir(library))]
    return found


class Watch:
    """Sees logging and botocore come in, which most functions need not wait for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        then = {"logging": log_as_lambda, "botocore.handlers": count_calls}.get(name)
        if then is None:
            return None
        import importlib.machinery

        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            then(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def log_as_lambda(logging: Any) -> None:
    """The root logger writes level, time and request id, each record as one event."""

    class Handler(logging.Handler):  # type: ignore[misc]
        def emit(self, record: Any) -> None:
            try:
                sys.stderr.write(self.format(record).rstrip("\n").replace("\n", JOIN) + "\n")
            except Exception:
                self.handleError(record)

    class Numbered(logging.Filter):  # type: ignore[misc]
        def filter(self, record: Any) -> bool:
            record.aws_request_id = Invocation.request_id
            return True

    shape = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    when = "%Y-%m-%dT%H:%M:%S"
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    formatter = json_lines(logging, when) if as_json else logging.Formatter(shape, when)
    formatter.converter = time.gmtime
    if as_json:
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logging.root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    handler = Handler()
    handler.setFormatter(formatter)
    handler.addFilter(Numbered())
    logging.root.addHandler(handler)


def json_lines(logging: Any, when: str) -> Any:
    """Writes a record as an object: its own fields, those that ``extra`` gave it, and an exception's."""
    usual = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id", "taskName"}

    class Lines(logging.Formatter):  # type: ignore[misc]
        def format(self, record: Any) -> str:
            line = {
                "timestamp": self.formatTime(record, when) + f".{int(record.msecs):03d}Z",
                "level": record.levelname,
                "message": record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info and record.exc_info[0]:
                line["stackTrace"] = self.formatException(record.exc_info).splitlines()
                line["errorType"] = record.exc_info[0].__name__
                line["errorMessage"] = str(record.exc_info[1])
            line.update({name: value for name, value in vars(record).items() if name not in usual})
            return json.dumps({**line, "requestId": record.aws_request_id}, default=str)

    return Lines()


def count_calls(handlers: Any) -> None:
    """Calls of a function's say how deep they are, so that a loop of functions is noticed."""

    def deeper(params: Any, **_: Any) -> None:
        if Invocation.depth is not None:
            params["headers"].setdefault("X-Ministack-Invoke-Depth", str(Invocation.depth))

    handlers.BUILTIN_HANDLERS.append(("before-call", deeper))


class Invocation:
    """The one under way."""

    request_id = ""
    depth: int | None = None


class Refused(Exception):
    """What the runtime says by itself: type and message."""


def lines_of(error: BaseException, code: str) -> list[str]:
    """A stack trace as texts, from the function's own code on."""
    import traceback

    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    own = [n for n, frame in enumerate(frames) if frame.filename.startswith(code)]
    shown = traceback.format_list(frames[own[0] :] if own else [])
    return [line.replace(f'"{code.rstrip("/")}/', '"/var/task/') for line in shown]


def told(error: BaseException, code: str, request_id: str) -> dict[str, Any]:
    """A failure as the runtime tells it."""
    if isinstance(error, Refused):
        kind, message, trace = error.args[0], error.args[1], []
    else:
        kind, message, trace = type(error).__name__, str(error), lines_of(error, code)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def logged(failure: dict[str, Any]) -> None:
    """A failure's one event in the log."""
    text = f"[ERROR] {failure['errorType']}: {failure['errorMessage']}"
    if failure["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(failure["stackTrace"]).rstrip("\n")
    sys.stderr.write(text.replace("\n", JOIN) + "\n")


def load(handler: str) -> Any:
    """The handler. Raises what its module raises, or a Refused in the runtime's own words."""
    import importlib

    if "." not in handler:
        said = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
        raise Refused("Runtime.MalformedHandlerName", said)
    path, name = handler.rsplit(".", 1)
    module = path.replace("/", ".")
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise Refused("Runtime.ImportModuleError", f"Unable to import module '{path}': {error}") from error
    except SyntaxError as error:
        place = f"{str(error.filename).rpartition('/')[2]}, line {error.lineno}"
        said = f"Syntax error in module '{path}': {error.msg} ({place})"
        raise Refused("Runtime.UserCodeSyntaxError", said) from error
    if not hasattr(found, name):
        raise Refused("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{path}'")
    return getattr(found, name)


class LambdaContext:
    """What a handler is given beside the event."""

    identity = None
    client_context = None

    def __init__(self, order: dict[str, Any]) -> None:
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self.invoked_function_arn = order["arn"]
        self.aws_request_id = order["request_id"]
        self._deadline = order["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


def result_of(handler: Any, order: dict[str, Any]) -> str:
    """What the handler answers, as JSON."""
    answer = handler(order["event"], LambdaContext(order))
    try:
        return json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise Refused("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def set_variables(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def peak() -> int:
    """The most memory that this process has had at once, in MB."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return -(-int(line.split()[1]) // 1024)
    except OSError:
        pass
    return 0


def answer(answers: IO[str], said: str, number: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os.write(2, f"{END}{number}\n".encode())
    answers.write(said + "\n")
    answers.flush()


def failed(error: BaseException, code: str, request_id: str) -> str:
    """The answer to an order that failed. Out of memory, the process ends as the platform ends it."""
    if isinstance(error, MemoryError):
        os.kill(os.getpid(), 9)
    failure = told(error, code, request_id)
    logged(failure)
    return json.dumps({"failure": failure, "peak": peak()})


def main() -> None:
    orders, answers = begin()
    start = json.loads(orders.readline())
    prepare(start["paths"])
    code = start["paths"]["code"]
    try:
        handler = load(start["handler"])
        said = json.dumps({"ready": True, "peak": peak()})
    except Exception as error:
        handler, said = None, failed(error, code, "")
    answer(answers, said, "init")
    for line in orders:
        if handler is None:
            break
        order = json.loads(line)
        Invocation.request_id, Invocation.depth = order["request_id"], order["depth"]
        set_variables(order["variables"])
        try:
            text = result_of(handler, order)
            said = f'{{"peak": {peak()}, "result": {text}}}'
        except Exception as error:
            said = failed(error, code, order["request_id"])
        answer(answers, said, order["request_id"])


if __name__ == "__main__":
    main()
