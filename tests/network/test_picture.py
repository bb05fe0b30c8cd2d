"""The picture of a network: golden files, escaping, grouping, words, and legibility in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import NetworkError
from cloudlings.network.engine import trace
from cloudlings.network.model import Network, Subnet, Vpc
from cloudlings.network.picture import Picture, draw
from cloudlings.network.picture_chips import stem
from cloudlings.network.picture_svg import DARK, LIGHT, fit, width, wrap
from cloudlings.network.topology import load_topology

SCENES = Path(__file__).parent / "pictures"
NAMES = sorted(file.stem for file in SCENES.glob("*.yaml"))
NEAR = 2.0
WRITE = os.environ.get("CLOUDLINGS_WRITE_GOLDEN") == "1"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def scene(name: str, theme: Any = "auto") -> Picture:
    """One of the scenes beside this file, drawn."""
    told = yaml.safe_load((SCENES / f"{name}.yaml").read_text(encoding="utf-8"))
    network = load_topology(told["topology"])
    traces = [trace(network, *question) for question in told["traces"]]
    return draw(network, next(iter(told["topology"]["vpcs"])), traces, theme=theme)


def elements(svg: str) -> list[tuple[str, str, str, dict[str, str]]]:
    """(tag, class, text, other attributes) of every drawn element, in drawing order."""
    found = []
    for element in ET.fromstring(svg).iter():
        tag = element.tag.rpartition("}")[2]
        if tag in ("style", "svg"):
            continue
        rest = {key: value for key, value in element.attrib.items() if key not in ("class", "id")}
        found.append((tag, element.get("class", ""), (element.text or "").strip(), rest))
    return found


def near(one: str, other: str) -> bool:
    """Whether two attribute values say the same, their numbers within two units."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= NEAR for a, b in pairs)


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_looks_as_it_did(name: str) -> None:
    """The same elements with the same words, at most two units from where they were."""
    drawn, golden = scene(name), SCENES / f"{name}.svg"
    if WRITE:
        golden.write_text(drawn.svg + "\n", encoding="utf-8")
    was, now = elements(golden.read_text(encoding="utf-8")), elements(drawn.svg)
    assert [one[:3] for one in now] == [one[:3] for one in was]
    for before, after in zip(was, now, strict=True):
        assert before[3].keys() == after[3].keys()
        assert all(near(before[3][key], after[3][key]) for key in before[3]), (before, after)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_says_what_it_is(name: str) -> None:
    """Role, title and description are there, and the description is the whole outline."""
    drawn = scene(name)
    root = ET.fromstring(drawn.svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.find(f"{space}title").text == drawn.title  # type: ignore[union-attr]
    described = root.findtext(f"{space}desc") or ""
    assert described.splitlines() == drawn.outline.replace("\x07", "\ufffd").splitlines()
    heading = root.find(f"{space}title")
    assert heading is not None
    assert root.get("aria-labelledby") == heading.get("id")


def test_a_name_is_data_and_never_markup() -> None:
    """Tags, quotes and control characters in names end up as characters in the text."""
    drawn = scene("hostile-names")
    tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawn.svg).iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "text", "line", "path", "g"}
    assert "<script" not in drawn.svg
    assert "<img" not in drawn.svg
    assert "<b>" not in drawn._repr_html_()
    assert not re.search(r"\son\w+=", re.sub(r">[^<]*<", "><", drawn.svg))


def test_two_pictures_on_a_page_do_not_share_ids() -> None:
    """Each has an id of its own, and all its style rules begin with it."""
    one, two = scene("three-tiers"), scene("blocked-reply")
    ids = [set(re.findall(r'id="([^"]+)"', drawn.svg)) for drawn in (one, two)]
    assert not ids[0] & ids[1]
    sheet = re.search(r"<style>(.*?)</style>", one.svg)
    assert sheet
    scope = min(ids[0], key=len)
    for rule in re.sub(r"@media[^{]+\{", "", sheet[1]).split("}"):
        assert not rule.strip() or f"#{scope}" in rule


def test_themes_light_dark_and_the_readers_own() -> None:
    """Light and dark are fixed; auto follows the reader's preference, and JupyterLab's theme."""
    light, dark, auto = (scene("three-tiers", theme).svg for theme in ("light", "dark", "auto"))
    assert LIGHT["bg"] in light
    assert DARK["bg"] not in light
    assert DARK["bg"] in dark
    assert LIGHT["bg"] not in dark
    assert "prefers-color-scheme:dark" in auto
    assert "data-jp-theme-light" in auto


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


KINDS = ("public", "private", "isolated", "broken", "unknown")
GROUNDS = [
    *((ink, ground) for ink in ("ink", "muted") for ground in ("bg", "chip", "soft")),
    *((ink, f"{kind}-bg") for kind in KINDS for ink in ("ink", "muted", f"{kind}-ink")),
    *(("bad", ground) for ground in ("bg", "soft", "bad-bg")),
    ("good", "good-bg"),
    ("unsure", "unsure-bg"),
    *(("on-mark", ground) for ground in ("path", "bad", "edge")),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), GROUNDS)
def test_words_stand_out_from_their_ground(theme: dict[str, str], ink: str, ground: str) -> None:
    """At least 4.5 to 1, the contrast that WCAG asks of small text."""
    bright, dim = sorted((luminance(theme[ink]), luminance(theme[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_more_than_sixty_resources_are_grouped_but_all_counted() -> None:
    """The picture groups by kind, counts everything, and stays of a readable size."""
    drawn = scene("crowded")
    assert "98 resources" in drawn.svg
    assert "19 instances" in drawn.svg
    assert drawn.svg.count("EC2") < 20
    assert float(ET.fromstring(drawn.svg).get("height", "0")) < 1000


def test_the_words_name_everything_that_the_picture_groups() -> None:
    """The outline lists each of the 98 resources by its name."""
    outline = scene("crowded").outline
    for zone in "abcd":
        for number in ("", *range(2, 20)):
            assert f"Instance web-{zone}{number}," in outline


def test_a_blocked_hop_is_red_numbered_and_explained() -> None:
    """The stop is marked on the picture and in the list, with the sentence and AWS's code."""
    drawn = scene("blocked-reply")
    assert "✕ 9" in drawn.svg
    assert "SUBNET_ACL_RESTRICTION" in drawn.svg
    assert "The reply" in drawn.svg
    assert "BLOCKED at network ACL data-acl" in drawn.outline


def test_a_reachable_trace_has_no_red_mark() -> None:
    """Nothing is stopped, so nothing is red."""
    drawn = scene("three-tiers")
    assert "✕" not in drawn.svg
    assert "f-bad" not in re.sub(r"<style>.*?</style>", "", drawn.svg)


def test_tiers_are_rows_and_zones_are_columns() -> None:
    """Subnets of a tier stand side by side, those of a zone below each other, public ones on top."""
    places = {}
    for _, _, text, rest in elements(scene("three-tiers").svg):
        if re.fullmatch(r"(public|app|data)-[ab]", text):
            places[text] = (float(rest["x"]), float(rest["y"]))
    assert places["public-a"][1] == places["public-b"][1] < places["app-a"][1] < places["data-a"][1]
    assert places["public-a"][0] == places["data-a"][0] < places["public-b"][0] == places["data-b"][0]


@pytest.mark.parametrize("name", ["app-a", "app-us-east-1b", "app 2", "app3", "appB", "app_c1", "app"])
def test_names_of_one_tier_have_a_stem_in_common(name: str) -> None:
    """However zones and numbers are written at the end of a name."""
    assert stem(name) == "app"


def test_a_name_that_ends_in_a_letter_of_a_zone_keeps_it() -> None:
    """The last letter of a word is no zone."""
    assert stem("data") == "data"
    assert stem("-a") == "-a"


def test_a_broken_tier_stays_beside_its_working_twin() -> None:
    """A subnet whose way out leads nowhere stays in its tier's row: the fault is seen by comparison."""
    drawn = elements(scene("nat-in-private").svg)
    heights = {text: rest["y"] for _, _, text, rest in drawn if text in ("app-a", "app-b")}
    assert heights["app-a"] == heights["app-b"]


def test_an_empty_vpc_is_drawn_too() -> None:
    """No subnets, no gateway: the picture says so."""
    drawn = scene("empty")
    assert "no internet gateway" in drawn.svg
    assert "It has no subnets." in drawn.outline


def test_no_vpc_to_draw_is_an_error_with_a_way_on() -> None:
    """Nothing there, or no VPC of that name."""
    with pytest.raises(NetworkError, match="no VPC to draw"):
        draw(Network())
    with pytest.raises(NetworkError, match="no VPC lost") as caught:
        draw(Network(vpcs=(Vpc("vpc-1", ("10.0.0.0/16",), name="shop"),)), "lost")
    assert "shop" in caught.value.next_step


def test_broken_data_is_drawn_without_a_crash() -> None:
    """A subnet with a CIDR that is none, in no known zone, with a kind that nobody knows."""
    network = Network(vpcs=(Vpc("vpc-1"),), subnets=(Subnet("subnet-1", "vpc-1", "not a CIDR"),))
    drawn = draw(network, kinds=lambda _: "strange")
    assert "strange" in drawn.svg
    ET.fromstring(drawn.svg)


def test_what_could_not_be_read_is_said_on_the_picture() -> None:
    """A picture with a part missing says so."""
    network = Network(vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),), unread=("The NAT gateways could not be read.",))
    assert "The NAT gateways could not be read." in draw(network).svg


def test_text_is_cut_to_its_room_and_wrapped_at_words() -> None:
    """No line is wider than its room, and a word too long for a line is broken."""
    assert width(fit("a name that is too long", 60, 11), 11) <= 60
    assert fit("short", 60, 11) == "short"
    lines = wrap("one two three " + "x" * 60, 80, 10)
    assert all(width(line, 10) <= 80 for line in lines)
    assert "".join(lines).replace(" ", "") == "onetwothree" + "x" * 60


def test_a_notebook_gets_the_picture_and_the_words() -> None:
    """HTML with the SVG and the outline as an element that opens; plain text is the outline."""
    bundle = scene("three-tiers")._repr_mimebundle_()
    assert "<details><summary>The same in words" in bundle["text/html"]
    assert bundle["text/plain"].startswith("VPC shop")


# In a browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OVERLAPS = """
() => {
  const texts = [...document.querySelectorAll('svg text')].map(
    t => ({t: t.textContent, b: t.getBoundingClientRect()}));
  const box = document.querySelector('svg').getBoundingClientRect(), found = [];
  for (const {t, b} of texts)
    if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1)
      found.push(`outside: ${t}`);
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
    const a = texts[i].b, b = texts[j].b;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3.5) found.push(`${texts[i].t} | ${texts[j].t}`);
  }
  return found;
}
"""
DIFFERENCE = """
async ([one, other]) => {
  const load = data => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image); image.onerror = failed; image.src = 'data:image/png;base64,' + data;
  });
  const images = [await load(one), await load(other)];
  const [w, h] = [120, Math.round(120 * images[0].height / images[0].width)];
  const pixels = images.map(image => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, w, h);
    return context.getImageData(0, 0, w, h).data;
  });
  let sum = 0;
  for (let i = 0; i < pixels[0].length; i++) sum += Math.abs(pixels[0][i] - pixels[1][i]);
  return [sum / pixels[0].length, images.map(image => [image.width, image.height])];
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 900, "height": 1200})
        browser.close()


@pytest.mark.parametrize("name", NAMES)
def test_no_word_covers_another_in_a_browser(page: Any, name: str) -> None:
    """At 900 pixels no two texts overlap and none is cut off at the picture's border."""
    page.set_content(f'<body style="margin:0">{scene(name, "light").svg}</body>')
    assert page.evaluate(OVERLAPS) == []


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("three-tiers", "light"),
        ("blocked-reply", "light"),
        ("blocked-reply", "dark"),
        ("nat-in-private", "light"),
        ("ipv6", "light"),
        ("four-zones", "dark"),
    ],
)
def test_a_screenshot_looks_as_it_did(page: Any, name: str, theme: str) -> None:
    """Seen from afar (120 pixels wide), the picture is the one that was looked at and kept."""
    import base64

    page.set_content(f'<body style="margin:0">{scene(name, theme).svg}</body>')
    shot = page.locator("svg").screenshot()
    golden = SCENES / f"{name}-{theme}.png"
    if WRITE:
        golden.write_bytes(shot)
    kept, now = (base64.b64encode(data).decode() for data in (golden.read_bytes(), shot))
    difference, sizes = page.evaluate(DIFFERENCE, [kept, now])
    assert sizes[0] == pytest.approx(sizes[1], abs=4)
    assert difference < 3.0


def test_a_stop_without_a_code_is_told_without_brackets() -> None:
    """AWS has no explanation code for an instance without a public address; the sentence stands alone."""
    topology = {
        "vpcs": {"v": {"cidr": "10.0.0.0/16"}},
        "igws": {"igw": "v"},
        "subnets": {"s": {"vpc": "v", "cidr": "10.0.1.0/24", "az": "a"}},
        "tables": {"r": {"vpc": "v", "subnets": ["s"], "routes": [["0.0.0.0/0", "igw"]]}},
        "sgs": {"sg": {"vpc": "v", "in": [["tcp", "443", "0.0.0.0/0"]]}},
        "instances": {"app": {"subnet": "s", "sgs": ["sg"]}},
    }
    network = load_topology(topology)
    told = draw(network, "v", trace(network, "internet", "app", "tcp", 443)).outline
    assert "app has no public IPv4 address, so internet gateway igw has nothing to deliver to." in told
    assert "()" not in told
