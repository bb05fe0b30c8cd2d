"""The workers: a cluster of this machine's own, or one that runs already."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cloudlings.errors import GradingError

# A submission that has ended so many workers is not tried on another.
_KILLED_WORKERS = 3
_STARTS = 3
_ANYWHERE = "127.0.0.1:0"
# Dask looks at itself fifty times a second in each of its processes, which here wait, a second and longer.
_SELDOM = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "2s",
    "distributed.worker.memory.monitor-interval": "2s",
    "distributed.worker.profile.enabled": False,
}


# What workers are forks of has this imported.
_PRELOADED = ["distributed", "cloudlings.grading.cohort.work"]

# A page on which a scheduler shows other machines' pages: it imports Jupyter's server for it.
_ROUTES = "distributed.scheduler.http.routes"
_PROXY = "distributed.http.proxy"


def begin() -> None:
    """Start the process that this machine's workers will be forks of: it imports while this one does."""
    from multiprocessing import forkserver

    multiprocessing.get_context("forkserver").set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()


@contextlib.contextmanager
def cluster(workers: int, scheduler: str) -> Iterator[Any]:
    """A client of the scheduler at an address, or of a new one with so many workers on this machine.

    Errors: GradingError where dask.distributed is missing, or nobody answers at the address.
    """
    try:
        dask: Any = importlib.import_module("dask")
        # It is read when distributed is imported.
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise GradingError(
            "Grading a cohort needs dask.distributed, which is not installed.",
            next_step="pip install 'cloudlings[cohort]', or: .venv/bin/uv pip install distributed",
        ) from None
    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": _KILLED_WORKERS,
            "distributed.worker.daemon": False,
            "distributed.admin.log-format": "%(message)s",
            "logging.distributed": "error",
            _ROUTES: [route for route in dask.config.get(_ROUTES) if route != _PROXY],
            **_SELDOM,
        }
    )
    if scheduler:
        try:
            with distributed.Client(scheduler, timeout=10) as client:
                yield client
        except OSError as error:
            raise GradingError(
                f"No scheduler answers at {scheduler}: {error}",
                next_step="start it: docker compose --profile cohort up, or: dask scheduler",
            ) from error
        return
    with _local_cluster(distributed, workers) as made, distributed.Client(made) as client:
        yield client


def _local_cluster(distributed: Any, workers: int) -> Any:
    """A worker that is killed while it starts, Dask takes for one that never will: then all start anew."""
    failures = 0
    while True:
        try:
            return distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=_ANYWHERE if _has_dashboard() else None,
                # Its own pages are served without bokeh, too; two runs do not ask for one port.
                scheduler_kwargs={"dashboard_address": _ANYWHERE},
                memory_limit=0,
                silence_logs=50,
            )
        except RuntimeError as error:
            failures += 1
            if failures == _STARTS:
                raise GradingError(
                    f"The workers did not start, tried {_STARTS} times: {str(error).rstrip('.')}.",
                    next_step="grade again with --workers 1; `cloudlings doctor` looks at this machine",
                ) from error


def dashboard(client: Any) -> str:
    """The address of Dask's dashboard; "" where it has none, which needs bokeh."""
    return str(client.dashboard_link) if _has_dashboard() else ""


def _has_dashboard() -> bool:
    return importlib.util.find_spec("bokeh") is not None


def spread(
    client: Any,
    work: Callable[..., Any],
    jobs: Iterable[tuple[str, tuple[Any, ...]]],
    begun: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What came of each job, by its name, as each is done. Twice as many as there are workers are under way:
    a cohort's notebooks need not all be in memory. ``begun`` is called once, when the first are.

    A job whose workers are killed again and again has ``failed``.
    """
    distributed: Any = importlib.import_module("distributed")
    waiting = iter(jobs)
    names: dict[str, str] = {}
    done = distributed.as_completed([])

    def one_more() -> None:
        found = next(waiting, None)
        if found is not None:
            name, arguments = found
            future = client.submit(work, *arguments, pure=False, retries=1)
            names[future.key] = name
            done.add(future)

    for _ in range(2 * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))):
        one_more()
    begun()
    for future in done:
        one_more()
        error = _how_it_ended(future)
        yield names.pop(future.key), _failed(error) if error is not None else future.result()
        future.release()


def _how_it_ended(future: Any) -> BaseException | None:
    """The error that a job ended with, None where it has a result. Errors: GradingError."""
    try:
        found: BaseException | None = future.exception()
    except Exception as error:
        # Dask takes jobs back when it has lost its scheduler, and then has nothing to say about them.
        raise GradingError(
            f"The scheduler has gone ({type(error).__name__}). What was graded until then is kept.",
            next_step="start it again, then the same command with --resume",
        ) from error
    return found


def _failed(error: BaseException) -> dict[str, Any]:
    what = {
        "error": "GradingError",
        "message": f"Its workers were ended again and again ({type(error).__name__}).",
        "next_step": "grade it again, alone",
    }
    return {"failed": what, "seconds": 0.0}
