"""What a learner displays and writes, without what would act by itself on the page of whoever reads it.

Feedback and formgrader put a notebook's HTML into their pages as it is; formgrader's page may change grades.
"""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

import bleach  # type: ignore[import-untyped]
from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]

_TAGS = bleach.ALLOWED_TAGS | {
    "br", "caption", "col", "colgroup", "dd", "del", "details", "div", "dl", "dt", "figcaption", "figure",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "ins", "kbd", "mark", "p", "pre", "s", "samp", "small",
    "span", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "var",
}  # fmt: skip
_ATTRIBUTES = ["align", "alt", "aria-label", "class", "colspan", "height", "href", "open", "role", "rowspan",
               "scope", "src", "style", "title", "width"]  # fmt: skip
_STYLES = [
    "background-color", "border", "border-bottom", "border-collapse", "border-left",
    "border-radius", "border-right", "border-top", "color", "display", "font-family", "font-size",
    "font-style", "font-weight", "gap", "line-height", "list-style", "margin", "margin-bottom",
    "margin-left", "margin-top", "max-width", "overflow-x", "padding", "padding-left", "text-align",
    "vertical-align", "white-space", "width",
]  # fmt: skip
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_SVG = re.compile(r"<svg\b.*?</svg\s*>", re.DOTALL | re.IGNORECASE)
_OPENS_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_cleaner = bleach.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    protocols=["http", "https", "data"],
    strip=True,
    css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
)


def markdown(text: str) -> str:
    """Text that Markdown shows as it is written: no tag in it is one, inside code or out."""
    # A word joiner: nobody sees it, and no parser takes the "<" for the beginning of a tag.
    return _OPENS_TAG.sub("<\u2060", text)


def output(row: Any) -> Any:
    """An output (nbformat) whose pictures, tables and styles are kept, and whose scripts are gone."""
    if row.output_type not in ("display_data", "execute_result"):
        return row
    data = dict(row.data)
    kept = {kind: data[kind] for kind in ("text/plain", "text/latex") if kind in data}
    kept |= {kind: data[kind] for kind in _PICTURES if _is_base64(data.get(kind))}
    if "image/svg+xml" in data:
        kept["text/html"] = _picture(_text(data["image/svg+xml"]))
    if "text/html" in data:
        kept["text/html"] = _html(_text(data["text/html"]))
    if "text/markdown" in data:
        kept["text/markdown"] = markdown(_text(data["text/markdown"]))
    row.data, row.metadata = kept or {"text/plain": "(nothing that can be shown here)"}, {}
    return row


def _html(text: str) -> str:
    mark = secrets.token_hex(16)
    drawings = _SVG.findall(text)
    cleaned: str = _cleaner.clean(_SVG.sub(mark, text))
    for drawing in drawings:
        cleaned = cleaned.replace(mark, _picture(drawing), 1)
    return cleaned


def _picture(svg: str) -> str:
    """An SVG as a picture: in one nothing runs."""
    if "xmlns" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f'<img alt="" src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'


def _is_base64(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]+", value) is not None


def _text(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
