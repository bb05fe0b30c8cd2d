"""Docs run: commands are documented, blocks are executed, links lead somewhere, the schema holds."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import typer

from cloudlings.cli import application
from cloudlings.grading.isolation import client
from cloudlings.grading.verdict import Status, Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


# Grading needs what not every machine lets one have.
NEEDS_A_BOX = pytest.mark.skipif(
    bool(client.why_not()) or importlib.util.find_spec("distributed") is None,
    reason=f"needs a box and dask.distributed: {client.why_not()}",
)


def blocks(language):
    for page in PAGES:
        for number, (found, text) in enumerate(FENCE.findall(page.read_text()), 1):
            if found == language:
                # A page's blocks build on each other, so one worker runs them, in order.
                marks = [pytest.mark.xdist_group(page.name)]
                marks += [NEEDS_A_BOX] if "course grade" in text or "rm -r submitted" in text else []
                yield pytest.param(text, id=f"{page.name}-{number}", marks=marks)


def commands(command, path=("cloudlings",)):
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path)


@pytest.mark.parametrize("command", sorted(commands(typer.main.get_command(application()))))
def test_every_command_is_documented(command):
    """A command that no page names is a command that nobody finds."""
    words = command.split()
    # `cloudlings start | stop` documents both.
    pattern = rf"{' '.join(words[:-1])} (?:[\w-]+ \| )*{words[-1]}\b"
    assert any(re.search(pattern, page.read_text()) for page in PAGES), f"say in docs/ what {command!r} does"


@pytest.mark.parametrize("command", sorted(commands(typer.main.get_command(application()))))
def test_every_command_explains_itself(command):
    """--help has a sentence for each command."""
    found = typer.main.get_command(application())
    for word in command.split()[1:]:
        found = found.commands[word]
    assert found.help, f"{command} has no docstring"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """A file that a page names is there."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what a learner's commands touch, with a home of its own."""
    root = tmp_path_factory.mktemp("docs") / "checkout"
    root.mkdir()
    for name in ("solutions", "graders", "labs"):
        shutil.copytree(ROOT / name, root / name)
    yield root
    run("cloudlings stop", root)


def run(script, root):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"CLOUDLINGS_ROOT": str(root), "CLOUDLINGS_HOME": str(root / ".cloudlings"), "PATH": path}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**kept, **settings},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
@pytest.mark.parametrize("script", list(blocks("bash")))
def test_a_shell_block_runs_as_it_stands(script, checkout):
    """Commands for people to copy work when they are copied; make's are targets of the Makefile."""
    if script.startswith("make "):
        target = script.split()[1]
        assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    done = run(script, checkout)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("code", list(blocks("python")))
def test_a_python_block_runs_as_it_stands(code):
    """An example that does not run teaches what does not work."""
    exec(compile(code, "docs", "exec"), {"__name__": "docs"})


def test_verdicts_keep_to_their_schema():
    """What --json prints is what the schema says, for each of the four verdicts."""
    schema = json.loads((ROOT / "docs" / "verdict.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for status in Status:
        verdict = Verdict("030-x", "tls", "Only TLS", status, 0, 3, "found", trace=("a",), details={"k": 1})
        jsonschema.validate(json.loads(json.dumps(verdict.to_json())), schema)


def test_the_table_of_folders_is_the_tree():
    """docs/architecture.md names each package, and no other."""
    table = (ROOT / "docs" / "architecture.md").read_text().split("## Folders")[1].split("## Processes")[0]
    named = set(
        re.findall(
            r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines() if row.startswith("| `"))
        )
    )
    packages = {path.parent.name for path in (ROOT / "src" / "cloudlings").glob("*/__init__.py")}
    assert named == packages | {"errors"}
