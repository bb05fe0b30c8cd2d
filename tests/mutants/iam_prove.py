"""Break the proofs on purpose, one place at a time, and see that their tests notice.

``python -m tests.mutants.iam_prove [WORD …]`` copies the package aside, makes each change there and runs the tests
of the proofs against the copy. It prints the mutants that survive, and ends non-zero when one does.
"""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "src/cloudlings/iam"
CASES = ("tests/iam/test_proof.py", "-k", "test_case")
OWN = {
    "patterns.py": ("tests/iam/test_patterns.py",),
    "values.py": ("tests/iam/test_values.py",),
    "data.py": ("tests/iam/test_data.py",),
    "questions.py": ("tests/iam/test_questions.py",),
}
"""The tests that look closest; they and the cases are tried first."""
ALL = (
    "tests/iam/test_proof.py", "tests/iam/test_questions.py", "tests/iam/test_patterns.py",
    "tests/iam/test_values.py", "tests/iam/test_data.py", "tests/iam/test_proof_against_z3.py",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: in a file of the engine, ``old`` (which stands there once) becomes ``new``."""

    file: str
    old: str
    new: str
    breaks: str


MUTANTS = (
    Mutant("patterns.py", "((state & once) << 1) | (state & again)", "((state & once) << 1)", "a run takes one character"),
    Mutant("patterns.py", "inner = number < 5", "inner = number < 6", "the last segment takes no colon"),
    Mutant("patterns.py", "tidy.insert(len(tidy) - 1, place)", "pass", "a question mark after a star is lost"),
    Mutant("patterns.py", "return any(s & a.accept for s, a in", "return all(s & a.accept for s, a in", "a group needs all its patterns"),
    Mutant("patterns.py", "        self._go(state, number, _filler(special), True, None)\n", "", "no character but the named ones"),
    Mutant("patterns.py", "chars |= self.pattern[place].chars", "chars |= set() if self.pattern[place].but else self.pattern[place].chars", "excluded characters are not told apart"),
    Mutant("patterns.py", "for state, number in walk.states() if shape.accepts(state[0])]", "for state, number in walk.states()]", "states outside the shape"),
    Mutant("patterns.py", "return frozenset((char, char.lower(), char.upper()))", "return frozenset(char)", "case is never ignored"),
    Mutant("patterns.py", "        if automata[0].accepts(state[0]):\n", "        if True:\n", "strings outside the shape"),
    Mutant("values.py", '"true", "false"])))', '"true"])))', "no false"),
    Mutant("values.py", "    yield points[-1] + unit\n", "", "nothing above"),
    Mutant("values.py", "    yield points[0] - unit\n", "", "nothing below"),
    Mutant("values.py", "        if not whole or between == between.to_integral_value():\n            yield between\n", "        continue\n", "nothing between"),
    Mutant("values.py", "if not whole or between == between.to_integral_value()", "if True", "fractions of whole numbers"),
    Mutant("values.py", "if inner != r and _inside(inner, r)]", "if False]", "ranges within ranges"),
    Mutant("values.py", '"2001:db8::7"', '"198.51.100.9"', "no IPv6 address"),
    Mutant("values.py", "return min(max(len(conditions), 2), len(values))", "return 1", "no sets of values"),
    Mutant("values.py", "        yield from ((value, value) for value in values)\n", "        yield from ()\n", "no two values alike"),
    Mutant("values.py", "return Kinds(tuple(dict.fromkeys(found)), exact)", "return Kinds(tuple(dict.fromkeys(found)))", "two types at once pass for exact"),
    Mutant("values.py", "literal(text) if exact else glob(text) for text, exact in pieces", "literal(text) for text, exact in pieces", "StringLike without wildcards"),
    Mutant("values.py", 'ignore_case=test in ("string-ignore-case", "bool")', "ignore_case=False", "StringEqualsIgnoreCase minds the case"),
    Mutant("values.py", 'text = "arn:*:*:*:*:*"', 'text = "*"', "a lone star matches no ARN"),
    Mutant("values.py", 'found += [*_text_kinds(texts), ""]', "found += _text_kinds(texts)[:1]", "one text stands for all"),
    Mutant("sides.py", "        if not self._same_frame:\n            return True\n", "", "a boundary on one side is overlooked"),
    Mutant("sides.py", '_GRANTING = frozenset({"identity", "groups", "resource", "trust"})', '_GRANTING = frozenset({"identity"})', "resource policies grant nothing"),
    Mutant("sides.py", "return granted != needed", "return bool(granted) != bool(needed)", "different statements pass for the same"),
    Mutant("space.py", '        if caller.type == "root" or grants:\n            return False\n', "", "root needs policies"),
    Mutant("space.py", "            yield place(arn)\n", "            pass\n", "what exists is not preferred"),
    Mutant("space.py", "if not limit or vector >> len(close) & 1:", "if True:", "the resources asked about do not bound"),
    Mutant("space.py", "        possible &= self._reading.fixed_mask(own, self.bounds.context)\n", "", "conditions on the caller are not looked at early"),
    Mutant("space.py", "still = possible & self._reading.assigned_mask(keys, fixed)", "still = possible", "conditions on settled keys do not narrow"),
    Mutant("space.py", 'if not self.bounds.outsiders_may or caller.account in ("", self.home):', "if True:", "outsiders may nothing"),
    Mutant("space.py", "if outcome[0] != outcome[1]:", "if outcome[0] and not outcome[1]:", "what is needed and refused is overlooked"),
    Mutant("space.py", "if time.thread_time() > self._deadline:", "if False:", "the search never stops"),
    Mutant("space.py", "target = template.removeprefix(\"=\") if text == \"*\" else text", "target = text", "listing all buckets is asked of a star"),
    Mutant("space.py", "        if self.bounds.actions:\n", "        if False:\n", "the actions asked about do not bound"),
    Mutant("space.py", "        if template != ANY_RESOURCE:\n            shape = ", "        if False:\n            shape = ", "an ARN needs no shape"),
    Mutant("space.py", "found.append(shapes.stranger(found))\n        elif", "pass\n        elif", "no resource of a third account"),
    Mutant("reading.py", "return () if self._as_aws_sends and data.always_present(key) else (None,)", "return (None,)", "keys that are always there may be missing"),
    Mutant("reading.py", "return () if self._as_aws_sends and data.always_present(key) else (None,)", "return ()", "no key may be missing"),
    Mutant("reading.py", "        if self._takes_several(key, conditions):\n", "        if False:\n", "no key has several values"),
    Mutant("reading.py", "data.applies(key, action) and data.sent_by(key, caller.type)", "data.sent_by(key, caller.type)", "every action carries every key"),
    Mutant("reading.py", "data.applies(key, action) and data.sent_by(key, caller.type)", "data.applies(key, action)", "anybody sends aws:SourceArn"),
    Mutant("reading.py", "            self._inexact(f\"{key} is compared both as text and as another type.\")\n", "            pass\n", "two types at once are passed over"),
    Mutant("reading.py", "ranges.append([None, *values_of_variable(", "ranges.append([*values_of_variable(", "a variable always has a value"),
    Mutant("unknowns.py", "found = [w.text for w in states(starts, within=within, max_states=_MAX_VALUES)]", "found = []", "a variable has no telling values"),
    Mutant("unknowns.py", "starts += [(group, group.read(group.start, before)) for group in map(_alone, beside)]", "starts += []", "the patterns beside a variable"),
    Mutant("callers.py", 'Principal("anonymous"),', "", "nobody comes without signing in"),
    Mutant("callers.py", "        found += [*_services(elements), *_federated(elements, scene)]\n", "", "no service calls"),
    Mutant("callers.py", "        found += _by_arn(arn_groups, scene, (scene.home, *accounts))\n", "        pass\n", "callers are not told apart by ARN"),
    Mutant("callers.py", "    for element in elements:\n        found += _named(element)\n", "", "named callers do not call"),
    Mutant("callers.py", "    for account in accounts:\n        found += _of_account(account, scene)\n", "", "named accounts have no users"),
    Mutant("actions.py", "    yield from _unlisted(idle, patterns)\n", "", "unlisted actions do not count"),
    Mutant("actions.py", "idle = [p for p in idle if not _services([p])]", "pass", "misspelt actions count"),
    Mutant("actions.py", "services = data.services() if everything else sorted(_services(patterns))", "services = sorted(_services(patterns))", "services that no pattern names"),
    Mutant("actions.py", "return action.harm, _RANK", "return -action.harm, _RANK", "the mildest first"),
    Mutant("actions.py", "return (LIST_BUCKETS,)", 'return ("*",)', "listing all buckets is asked of a star"),
    Mutant("actions.py", "found.setdefault((mask, flavour(action), kind_of(action, mask)), [])", "found.setdefault((mask, flavour(action)), [])", "actions on other resources are lumped together"),
    Mutant("proof.py", "    if reason:\n        return \"not_proven\"\n", "", "an unfinished search proves"),
    Mutant("proof.py", "if len(found) >= limit:", "if len(found) > limit:", "one more than asked for"),
    Mutant("proof.py", "return tuple(sorted(_chosen(space, differences, limit), key=lambda one: one.order))", "return tuple(_chosen(space, differences, limit))", "the order of levels"),
    Mutant("shapes.py", "        return (_DIGIT,) * 12 if account is None else literal(account)\n", "        return (_DIGIT,) * 12\n", "an ARN of any account"),
    Mutant("shapes.py", '        return _run_without(":/")\n', '        return _run_without("")\n', "a bucket's name holds a slash"),
    Mutant("shapes.py", "    for text in _dressed(witness, words):\n        if same(text):\n            return text\n", "", "names read like noise"),
    Mutant("questions.py", "    for own in ((), (FULL_ACCESS,)):\n", "    for own in ((),):\n", "denials do not count"),
    Mutant("questions.py", "    for own in ((), (FULL_ACCESS,)):\n", "    for own in ((FULL_ACCESS,),):\n", "grants do not count"),
    Mutant("questions.py", "above = compare(granted, at_most, **options)", "above = compare(granted, at_least, **options)", "the upper bound"),
    Mutant("questions.py", "below = compare(granted, at_least, **options)", "below = compare(granted, at_most, **options)", "the lower bound"),
    Mutant("questions.py", "(*opening, *closing)", "opening", "a Deny does not close the door"),
    Mutant("questions.py", "principals=callers,\n        actions=(action,),", "actions=(action,),", "who can: anybody"),
    Mutant("data.py", "if prefix == \"aws\" or cut in _rules().everywhere or cut in to.condition_keys:", "if prefix == \"aws\" or cut in to.condition_keys:", "keys that cross services"),
    Mutant("data.py", "return kind is None or kind.startswith(\"ArrayOf\")", "return kind is not None and kind.startswith(\"ArrayOf\")", "an unknown key has one value"),
)  # fmt: skip


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests pass although the engine is broken."""
    file = folder / "cloudlings" / "iam" / mutant.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.file}: {mutant.old!r} stands there {whole.count(mutant.old)} times, not once."
        )
    file.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        steps = (OWN.get(mutant.file, CASES), CASES, ALL)
        return all(_tests_pass(folder, tests) for tests in dict.fromkeys(steps))
    finally:
        file.write_text(whole, encoding="utf-8")


def _tests_pass(folder: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=600, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main(words: list[str]) -> int:
    """Try those whose description holds one of the words, or all."""
    chosen = [m for m in MUTANTS if not words or any(word in f"{m.file} {m.breaks}" for word in words)]
    alive = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(
            ROOT / "src" / "cloudlings", folder / "cloudlings", ignore=shutil.ignore_patterns("__pycache__")
        )
        for number, mutant in enumerate(chosen, 1):
            lives = survives(mutant, folder)
            alive += [mutant] if lives else []
            print(
                f"{number}/{len(chosen)} {'SURVIVED' if lives else 'caught'}: {mutant.file}: {mutant.breaks}",
                flush=True,
            )
    print(f"{len(chosen) - len(alive)}/{len(chosen)} caught")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
