"""``python -m benchmarks [NAME …]``: runs the benchmarks and writes bench.json."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import pkgutil
import platform
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import benchmarks

RESULT = Path("bench.json")


def main(names: list[str]) -> None:
    """Runs those named, or all, and prints each one's figures as it ends."""
    console = Console()
    found = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_"]
    results: dict[str, Any] = {}
    for name in names or found:
        with console.status(f"Measuring {name} …"):
            results[name] = importlib.import_module(f"benchmarks.{name}").run()
        console.print(_table(name, results[name]))
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.system()}
    when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    RESULT.write_text(json.dumps({"at": when, "machine": machine, "results": results}, indent=2) + "\n")
    console.print(f"Written to {RESULT}.")


def _table(name: str, figures: dict[str, Any]) -> Table:
    table = Table(title=name, title_justify="left", show_header=False)
    for key, value in _flat(figures):
        table.add_row(key, f"{value:.4g}" if isinstance(value, float) else str(value))
    return table


def _flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in figures.items():
        rows += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(before + key, value)]
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
