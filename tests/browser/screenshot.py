"""Make the README's picture again: ``python -m tests.browser.screenshot``.

A lab in JupyterLab, worked by keyboard up to a near-miss: a bucket policy that looks right, and its verdict.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from cloudlings.lab import Catalogue, near_misses
from tests.browser.lab_page import ROOT, answer_cells, jupyterlab, notebook_page, run_to_check

LAB, NEAR_MISS = "030-s3-policies", "referer-condition"
PICTURE = ROOT / "docs" / "img" / "lab.png"


def main() -> None:
    """Write the picture."""
    catalogue = Catalogue(ROOT)
    lab = catalogue.read(LAB)
    notebook = json.loads(catalogue.built(LAB).read_text())
    miss = next(one for one in near_misses(lab) if one.name == NEAR_MISS)
    task_lost = miss.loses[0].task
    answers: dict[str, str] = {}
    for task in lab.tasks[: lab.tasks.index(task_lost) + 1]:
        solutions = [cell.solution for cell in lab.cells_of(task) if cell.regions]
        if task == task_lost:
            solutions = [piece.text for piece in miss.pieces]
        answers |= zip(answer_cells(notebook, task), solutions, strict=True)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(Path(folder), LAB) as address,
        notebook_page(address, viewport={"width": 1280, "height": 1060}) as page,
    ):
        run_to_check(page, notebook["cells"], answers, task_lost)
        verdict = page.locator("[role=status][aria-label^='Not yet: ']")
        verdict.wait_for(timeout=90_000)
        # Room for the notebook: the list of files folds away.
        page.keyboard.press("Control+B")
        verdict.evaluate("one => one.scrollIntoView({block: 'end'})")
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURE)
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
