"""What a learner displays keeps its looks and loses what would act on the reader's page."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from cloudlings.grading.nbgrader import quiet


def shown(**data: Any) -> dict[str, Any]:
    named = {kind.replace("_", "/").replace("svg", "svg+xml"): value for kind, value in data.items()}
    row = quiet.output(nbformat.v4.new_output("display_data", data=named))
    nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[row])]))
    return dict(row.data)


@pytest.mark.parametrize(
    "page",
    [
        "<script>act()</script>",
        "<img src=x onerror=act()>",
        "<IMG SRC=x OnError = act()>",
        "<svg onload=act()></svg>",
        "<svg><script>act()</script>",
        "<a href='javascript:act()'>x</a>",
        "<iframe src=x></iframe><object data=x></object><embed src=x>",
        "<form action=x><button formaction=x>y</button></form>",
        "<meta http-equiv=refresh content='0;x'><link rel=stylesheet href=x><base href=x>",
        "<style>body{display:none}</style>",
        "<div style='position:fixed;background:url(x)'>x</div>",
        "<a title='<svg></svg>' onclick=act()>x</a>",
        "<noscript><p title='</noscript><img src=x onerror=act()>'>",
    ],
)
def test_html(page: str) -> None:
    """Tags, attributes, addresses and styles that act, or lay something over the page, are gone."""
    html = shown(text_html=page)["text/html"].lower()
    assert not re.search(r"<(?!/?(?:p|a|img|div)\b)|<[^>\"]*\bon\w+\s*=|javascript:|position|url\(", html)


def test_tables_stay() -> None:
    """A table, its colours, and a drawing look as they did."""
    table = '<table><tbody><tr><td style="color: red;">1</td></tr></tbody></table>'
    assert shown(text_html=table)["text/html"] == table
    assert "data:image/svg+xml;base64," in shown(text_html="<p><svg><circle r='9'/></svg></p>")["text/html"]
    assert "data:image/svg+xml;base64," in shown(image_svg="<svg><circle r='9'/></svg>")["text/html"]


def test_kinds() -> None:
    """Scripts and widgets are not kept; text and pictures are."""
    kept = shown(text_plain="x", image_png="aGk=", application_javascript="act()", image_gif='"onerror=act()')
    assert kept == {"text/plain": "x", "image/png": "aGk="}
    assert shown(application_javascript="act()") == {"text/plain": "(nothing that can be shown here)"}


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=act()>", "a <script>act()</script>", "`<b>` <!-- x -->"]
)
def test_markdown(text: str) -> None:
    """Markdown shows tags as they are written."""
    html = markdown2html_mistune(quiet.markdown(text))
    for tag in ("<img", "<script", "<!--", "<b>", "</div"):
        assert tag not in html


def test_markdown_stays() -> None:
    """What is no tag is Markdown as before."""
    text = "1 < 2, **bold** and a\n\n- list"
    assert quiet.markdown(text) == text
