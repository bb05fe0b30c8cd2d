"""The behaviour suite with LocalStack behind the gateway: how much of it holds, by service.

``python -m tests.localstack.behaviour [SERVICE…]`` starts a LocalStack, asks the probes of
tests/sandbox/behaviour, each in an account of its own, and writes the table into docs/sandbox.md, between its
marks, from ``behaviour.yaml`` beside this file, which keeps what was found.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from cloudlings.sandbox import Sandbox
from tests.localstack import host
from tests.sandbox.behaviour import run
from tests.sandbox.behaviour.probe import Aws, Probe
from tests.sandbox.behaviour.table import DOCS

BEGIN, END = "<!-- localstack-behaviour: begin -->", "<!-- localstack-behaviour: end -->"
FOUND = Path(__file__).with_name("behaviour.yaml")
# One that waits for what does not come is over then, in seconds.
_LONGEST = 20
# Why none of a service's probes can hold; the probes of these are not asked.
NEEDS_AN_ENGINE = "LocalStack runs it by a container engine, or by programs that its image brings"
LACKS: dict[str, str] = {
    "Lambda": NEEDS_AN_ENGINE,
    "DynamoDB": NEEDS_AN_ENGINE,
    "Auto Scaling": "not in the community edition",
    "ELB": "not in the community edition",
    "RDS": "not in the community edition",
}


# How a probe ends whose function never becomes active.
_NO_FUNCTION = "FunctionActive"


class _TooLong(AssertionError):
    """A probe that did not end in time."""


def outcomes(url: str, services: list[str]) -> None:
    """Asks every probe of these services, and keeps what does not hold, service by service."""
    signal.signal(signal.SIGALRM, _over)
    with Sandbox.temporary(upstream=url) as sandbox:
        make = run.Accounts(sandbox.endpoint_url, sandbox.provision).new
        for service in services:
            mine = [one for one in run.probes() if one.service == service]
            differing = {one.sentence: said for one in mine if (said := _differs(one, make))}
            print(f"{service}: {len(mine) - len(differing)} of {len(mine)}", flush=True)
            _keep(service, len(mine), differing)


def _over(_number: int, _frame: FrameType | None) -> None:
    raise _TooLong(f"did not end within {_LONGEST} s")


def _differs(one: Probe, make: Callable[[], Aws]) -> str:
    signal.alarm(_LONGEST)
    try:
        return run.outcome(one, make()).differs
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


def kept() -> dict[str, Any]:
    """What is known by service: how many probes there are, and which sentences do not hold."""
    return (yaml.safe_load(FOUND.read_text()) or {}) if FOUND.exists() else {}


def _keep(service: str, probes: int, differing: dict[str, str]) -> None:
    known = kept()
    functions = sorted(one for one, said in differing.items() if _NO_FUNCTION in said)
    differ = sorted(differing.keys() - set(functions))
    known[service] = {"probes": probes, "differ": differ, "want a function that runs": functions}
    FOUND.write_text(yaml.safe_dump(known, width=100, sort_keys=True))
    for sentence, said in differing.items():
        print(f"  {sentence} -- {said[:160]}", flush=True)


def table() -> str:
    """The table, as it stands between the marks."""
    lines = ["| service | probes | pass | what does not hold |", "| --- | ---: | ---: | --- |"]
    known = kept()
    services = sorted({one.service for one in run.probes()}, key=str.lower)
    for service in services:
        if service in LACKS:
            lines.append(f"| {service} | | | not asked: {LACKS[service]} |")
        else:
            lines.append(_row(service, known.get(service)))
    asked = [known[service] for service in services if service in known and service not in LACKS]
    whole = sum(one["probes"] for one in asked)
    lines.append(f"| **all** | **{whole}** | **{sum(map(_passed, asked))}** | |")
    return "\n".join(lines)


def _row(service: str, one: dict[str, Any] | None) -> str:
    if one is None:
        return f"| {service} | | | not asked yet |"
    return f"| {service} | {one['probes']} | {_passed(one)} | {_words(one)} |"


def _passed(one: dict[str, Any]) -> int:
    return int(one["probes"]) - len(one["differ"]) - len(one["want a function that runs"])


def _words(one: dict[str, Any]) -> str:
    functions = len(one["want a function that runs"])
    more = [f"{functions} want a function that runs."] if functions else []
    return " ".join([*one["differ"], *more])


def main() -> int:
    """Run the services that are named, or all but those that cannot be there."""
    services = sorted({one.service for one in run.probes()} - LACKS.keys(), key=str.lower)
    try:
        with host.running() as url:
            outcomes(url, sys.argv[1:] or services)
    except host.Unavailable as missing:
        print(f"LocalStack cannot run here: {missing}")
        return 2
    before, _, rest = DOCS.read_text().partition(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
