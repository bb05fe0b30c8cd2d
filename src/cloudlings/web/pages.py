"""What each page shows: values for its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from cloudlings.errors import CloudlingsError, CourseError, NetworkError
from cloudlings.lab import Catalogue
from cloudlings.web.reading import Reader

if TYPE_CHECKING:
    from cloudlings.network.model import Network, Vpc

_RECENT_ROWS = 12
# Of every default VPC, says the VPC user guide.
_DEFAULT_RANGE = ("172.31.0.0/16",)
_DECISIONS, _DENIALS = 200, 5


@dataclass(frozen=True)
class Shown:
    """A page: its template, and what the template is given."""

    template: str
    values: Mapping[str, Any]


def course(reader: Reader, _: Request) -> Shown:
    """The map of labs."""
    found = reader.course()
    return Shown("course.html", {"course": found, "seed": reader.seed})


def cohort(reader: Reader, request: Request) -> Shown:
    """An instructor's page: how a lab went for the course that `cloudlings page --course` named."""
    from cloudlings.grading.cohort.report import report
    from cloudlings.grading.page import course_folder

    folder = course_folder(reader.home)
    if folder is None:
        raise CourseError("This page was told of no course.", next_step="cloudlings page --course FOLDER")
    names = Catalogue(reader.root).names
    lab = request.query_params.get("lab", "")
    found = report(folder, Catalogue(reader.root).name(lab)) if lab else None
    return Shown("cohort.html", {"folder": folder.name, "names": names, "report": found})


def current(reader: Reader) -> str:
    """The name of the lab to go on with; "" when all are done."""
    found = reader.course().current
    return found.lab.name if found else ""


def lab_page(reader: Reader, request: Request) -> Shown:
    """A lab: its tasks, what was done lately, and the way back."""
    values = _lab(reader, request, "tasks")
    name = values["lab"].name
    recent = reader.activity(name, rows=_RECENT_ROWS)
    more = {
        "tasks": reader.tasks(values["standing"]),
        "recent": recent,
        "denials": _denials(reader, name),
    }
    return Shown("lab.html", {**values, **more})


def journal(reader: Reader, request: Request) -> Shown:
    """All that was asked in a lab, a hundred a page."""
    every = request.query_params.get("all") == "1"
    number = request.query_params.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 7 else 1
    activity = reader.activity(request.path_params["lab"], page, every=every)
    return Shown("journal.html", {**_lab(reader, request, "journal"), "activity": activity, "every": every})


def decisions(reader: Reader, request: Request) -> Shown:
    """The denials with their reasons, and the last decisions in a line each."""
    values = _lab(reader, request, "decisions")
    space = reader.space(values["lab"].name)
    numbers = list(space.account_ids.values())
    found = [one for number in numbers for one in space.running().decisions(number, _DECISIONS)]
    newest = sorted(found, key=lambda one: -one["time"])[:_DECISIONS]
    return Shown(
        "decisions.html", {**values, "decisions": newest, "denials": _denials(reader, values["lab"].name)}
    )


def picture(reader: Reader, request: Request) -> Shown:
    """The network of one account and Region, drawn, with the way of a packet that the learner asks about."""
    from cloudlings.network import draw, read_network
    from cloudlings.web import packets

    values = _lab(reader, request, "picture")
    space, place = reader.space(values["lab"].name), _place(values, request)
    network = read_network(reader.session(space, place["account"], place["region"]))
    vpcs = _fullest_first(network)
    asked = packets.question(request.query_params)
    wanted = request.query_params.get("vpc", "") or (vpcs[0].id if vpcs else "")
    drawn, trace, trouble = None, None, ""
    try:
        trace = packets.followed(network, asked) if asked.is_asked else None
        # The picture is of the VPC that the path begins in.
        wanted = next((hop.vpc for hop in trace.hops if hop.vpc), wanted) if trace else wanted
        drawn = draw(network, wanted, trace or ()) if vpcs else None
    except NetworkError as error:
        trouble = f"{error.message} {error.next_step}"
    packet = {"asked": asked, "trace": trace, "steps": packets.steps(trace) if trace else ()}
    choices = {"places": packets.places(network), "protocols": packets.PROTOCOLS}
    shown = {"vpcs": vpcs, "drawn": drawn, "trouble": trouble, "wanted": wanted}
    return Shown("picture.html", {**values, **place, **packet, **choices, **shown})


def events(reader: Reader, request: Request) -> Shown:
    """What calls what in the account."""
    from cloudlings.web import wiring

    values = _lab(reader, request, "wiring")
    space, place = reader.space(values["lab"].name), _place(values, request)
    found = wiring.read_wiring(reader.session(space, place["account"], place["region"]))
    drawn = {"wiring": found, "svg": wiring.draw(found), "title": wiring.title}
    return Shown("wiring.html", {**values, **place, **drawn})


def access(reader: Reader, request: Request) -> Shown:
    """Who can do what in the account."""
    from cloudlings.account import Account
    from cloudlings.web.access import ACTIONS, read_matrix

    values = _lab(reader, request, "access")
    space, place = reader.space(values["lab"].name), _place(values, request)
    source = reader.session(space, place["account"], place["region"])
    # Each read is made once, however many cells ask for it.
    matrix = read_matrix(Account(place["account"], source, region=place["region"]))
    return Shown("access.html", {**values, **place, "matrix": matrix, "actions": ACTIONS})


def receipt(reader: Reader, request: Request) -> Shown:
    """The lab's receipt, to print; its file comes from `cloudlings receipt make`."""
    from cloudlings.grading import receipt as receipts

    values = _lab(reader, request, "tasks")
    made = receipts.make(reader.root, reader.home, values["lab"].name, reader.seed)
    return Shown("receipt.html", {**values, "receipt": made})


def _fullest_first(network: Network) -> list[Vpc]:
    """The VPCs, what a learner most likely wants to see first: with the most in it, made by somebody."""
    interfaces = Counter(one.vpc for one in network.interfaces)
    subnets = Counter(one.vpc for one in network.subnets)

    def rank(vpc: Vpc) -> tuple[int, bool, int]:
        return -interfaces[vpc.id], vpc.cidrs[:1] == _DEFAULT_RANGE, -subnets[vpc.id]

    return sorted(network.vpcs, key=rank)


def cost(reader: Reader, request: Request) -> Shown:
    """What the account would cost a month."""
    from cloudlings.cost import estimate

    values = _lab(reader, request, "cost")
    space, place = reader.space(values["lab"].name), _place(values, request)
    found = estimate(reader.session(space, place["account"], place["region"]))
    return Shown("cost.html", {**values, **place, "estimate": found})


def _lab(reader: Reader, request: Request, tab: str) -> dict[str, Any]:
    """What every page of a lab needs: the lab, its accounts, whether the sandbox runs."""
    from cloudlings.sandbox import Sandbox

    standing = reader.standing(request.path_params["lab"])
    sandbox = Sandbox.find(reader.home)
    accounts = dict(reader.space(standing.lab.name).account_ids) if sandbox else {}
    return {
        "lab": standing.lab,
        "standing": standing,
        "tab": tab,
        "accounts": accounts,
        "running": sandbox is not None,
    }


def _place(values: Mapping[str, Any], request: Request) -> dict[str, str]:
    """The account and the Region that a page is about: the main ones, unless it says others of the lab."""
    accounts, regions = values["accounts"], values["lab"].regions
    name = request.query_params.get("account", "")
    region = request.query_params.get("region", "")
    name = name if name in accounts else next(iter(accounts), "main")
    return {
        "account_name": name,
        "account": accounts.get(name, ""),
        "region": region if region in regions else regions[0],
    }


def _denials(reader: Reader, lab: str) -> list[Any]:
    try:
        space = reader.space(lab)
        found = [
            d for number in space.account_ids.values() for d in space.running().denials(number, _DENIALS)
        ]
    except CloudlingsError:
        return []
    return sorted(found, key=lambda one: -one.time)[:_DENIALS]


PAGES: Mapping[str, Callable[[Reader, Request], Shown]] = {
    "picture": picture,
    "journal": journal,
    "decisions": decisions,
    "cost": cost,
    "receipt": receipt,
    "wiring": events,
    "access": access,
}
"""The pages of a lab beside its tasks, by the last part of their address."""
