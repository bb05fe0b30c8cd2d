"""The course page's process: one a home, a new one after the old, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cloudlings.grading import page
from tests.web.place import COURSE


def test_a_page_is_started_again_right_after_it_was_stopped(tmp_path: Path) -> None:
    """While the old one still ends, the new one waits; it has a token of its own, and the old one is worth
    nothing."""
    first = page.start(COURSE, tmp_path)
    assert page.start(COURSE, tmp_path) == first
    page.stop(tmp_path)
    second = page.start(COURSE, tmp_path)
    try:
        assert second.token != first.token
        url = f"http://127.0.0.1:{second.port}/"
        assert httpx.get(url, params={"token": first.token}, trust_env=False).status_code == 403
        assert httpx.get(second.url, trust_env=False).status_code == 303
    finally:
        page.stop(tmp_path)
    assert page.find(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_what_a_dead_page_left_is_no_page(tmp_path: Path, content: str) -> None:
    """A file without a process, or half a file, is as if there were none; to stop it is nothing."""
    (tmp_path / page.FILE).write_text(content)
    assert page.find(tmp_path) is None
    page.stop(tmp_path)
