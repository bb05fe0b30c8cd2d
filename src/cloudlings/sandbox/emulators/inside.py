"""What MiniStack does inside itself, noted for the journal: stacks, events, notifications, tasks.

These pass no gateway. Each is one function of MiniStack's, wrapped when its module is loaded; what is not in
the table below is a gap, named in the documentation of the sandbox. A module of ``CORRECTED`` is put right
before anybody has used it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.abc import Loader
from types import ModuleType
from typing import Any

# More than this between two looks is a loop of events; the journal needs no more of it.
BOUND = 5_000
_noted: deque[dict[str, Any]] = deque(maxlen=BOUND)


@dataclass(frozen=True)
class Hook:
    """One function to watch: in whose name it acts, what it does, and to what (from its arguments)."""

    function: str
    service: str
    operation: str
    resource: Callable[..., str]


def _first(target: Any, *_: Any, **__: Any) -> str:
    return str(target)


def _alarm(alarm: dict[str, Any], _: str, state: str, *__: Any, **___: Any) -> str:
    return f"{alarm.get('AlarmName', '')} is {state}"


def _named(key: str) -> Callable[..., str]:
    def read(record: dict[str, Any], *_: Any, **__: Any) -> str:
        return str((record.get("config") or record).get(key, ""))

    return read


HOOKS: dict[str, tuple[Hook, ...]] = {
    "eventbridge": (Hook("_invoke_target", "events", "InvokeTarget", _named("Arn")),),
    "s3": (
        Hook("_deliver_event_to_sqs", "s3", "NotifyQueue", _first),
        Hook("_deliver_event_to_sns", "s3", "NotifyTopic", _first),
        Hook("_deliver_event_to_lambda", "s3", "NotifyFunction", _first),
    ),
    "sns": (
        Hook("_deliver_to_sqs", "sns", "DeliverToQueue", _first),
        Hook("_deliver_to_lambda", "sns", "DeliverToFunction", _first),
    ),
    "lambda_svc": (
        Hook("_run_sqs_batch", "lambda", "InvokeFromQueue", _named("FunctionArn")),
        Hook("invoke_async_with_retry", "lambda", "InvokeLater", _named("FunctionArn")),
    ),
    "stepfunctions": (Hook("_invoke_resource", "states", "RunTask", _first),),
    "pipes": (Hook("_deliver_batch", "pipes", "DeliverBatch", _named("Target")),),
    "cloudwatch": (Hook("_dispatch_alarm_actions", "monitoring", "AlarmAction", _alarm),),
    "cloudwatch_logs": (
        Hook("_deliver_to_subscriber", "logs", "DeliverToSubscriber", _named("destinationArn")),
    ),
}


# By MiniStack's module: the one here whose ``correct`` puts it right.
CORRECTED = {
    "cloudwatch": "ministack_metrics",
    "cloudwatch_logs": "ministack_logs",
    "apigateway": "ministack_apis",
    "apigateway_v1": "ministack_apis",
    "eventbridge": "ministack_events",
    "lambda_svc": "ministack_functions",
    "sns": "ministack_events",
    "sqs": "ministack_queues",
    "stepfunctions": "ministack_workflows",
}


def drain() -> list[dict[str, Any]]:
    """What was noted since the last time, as fields of journal entries with their account."""
    noted = list(_noted)
    _noted.clear()
    return noted


def watch() -> None:
    """Wrap the functions of the modules already loaded, and of the others when they are."""
    sys.meta_path.insert(0, _Finder())
    for name in {*HOOKS, *CORRECTED}:
        module = sys.modules.get(f"ministack.services.{name}")
        if module is not None:
            _prepare(module, name)


class _Finder:
    """Finds what the ordinary finder finds, and wraps the functions once the module is there."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        service = name.removeprefix("ministack.services.")
        if (service not in HOOKS and service not in CORRECTED) or service == name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, service)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader, service: str) -> None:
        self._loader = loader
        self._service = service

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _prepare(module, self._service)


def _prepare(module: ModuleType, service: str) -> None:
    """Put a module right, and watch its functions: the ones that it has then."""
    if service in CORRECTED:
        importlib.import_module(f"cloudlings.sandbox.emulators.{CORRECTED[service]}").correct(module)
    _wrap_all(module, HOOKS.get(service, ()))


def _wrap_all(module: ModuleType, hooks: tuple[Hook, ...]) -> None:
    for hook in hooks:
        setattr(module, hook.function, _wrapped(getattr(module, hook.function), hook))


def _wrapped(function: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
    @functools.wraps(function)
    def noting(*args: Any, **named: Any) -> Any:
        error = ""
        try:
            return function(*args, **named)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            _note(hook, error, args, named)

    return noting


def _note(hook: Hook, error: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    from ministack.core.responses import get_account_id, get_region

    _noted.append(
        {
            "account_id": get_account_id(),
            "time": time.time(),
            "principal": f"{hook.service}.amazonaws.com",
            "service": hook.service,
            "operation": hook.operation,
            "region": get_region(),
            "resource": hook.resource(*args, **named)[:300],
            "status": 500 if error else 200,
            "error": error,
        }
    )
