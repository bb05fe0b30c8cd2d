"""Reading a network through boto3: what is built through the API gets the verdict that its data gets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cloudlings.errors import NetworkError
from cloudlings.network import emulated
from cloudlings.network.engine import trace
from cloudlings.network.model import (
    Function,
    Interface,
    Network,
    NetworkAcl,
    NetworkAclEntry,
    Subnet,
    TransitGatewayRoute,
    TransitGatewayRouteTable,
    Vpc,
)
from cloudlings.network.reader import SERVICES, read_network
from cloudlings.sandbox import Sandbox
from tests.network.build import Built, build
from tests.network.reading import CASES, differences, unreadable


class Clients:
    """A session that makes each client once: making one takes longer than most calls."""

    region_name = "us-east-1"

    def __init__(self) -> None:
        self._session = boto3.Session(region_name=self.region_name)
        self._made: dict[str, Any] = {}

    def client(self, service_name: str) -> Any:
        if service_name not in self._made:
            self._made[service_name] = self._session.client(service_name)
        return self._made[service_name]


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield Clients()


@pytest.fixture
def session(clients: Clients) -> Iterator[Clients]:
    with mock_aws():
        yield clients


ON_THE_SANDBOX = [
    "db-04",
    "edge-19",
    "ep-02",
    "ep-08",
    "fn-02",
    "in-10",
    "kind-05",
    "lb-04",
    "lb-06",
    "nat-01",
    "nat-05",
    "nat-11",
    "pcx-05",
    "pcx-09",
    "rt-06",
    "rt-11",
    "tgw-05",
    "v6-05",
]
"""One case of each kind of component, built and read through the gateway."""
READABLE = [name for name, case in CASES.items() if not unreadable(case)]
SAMPLE = list(dict.fromkeys([*ON_THE_SANDBOX, *READABLE[::12]]))
"""About forty; the long run (tests/soak/test_network_reading.py) takes every one."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.temporary() as started:
        yield started


@pytest.mark.xdist_group("network-reading")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_case_built_and_read_through_the_sandbox_gets_the_same_verdict(sandbox: Sandbox, name: str) -> None:
    """A learner builds it, a grader reads it: the engine says what it says of the case."""
    assert differences(sandbox, CASES[name]) == []


def test_few_cases_are_gaps() -> None:
    """Most cases are read back: the gaps are named, and stay few."""
    gaps = [f"{name}: {reason}" for name, case in CASES.items() if (reason := unreadable(case))]
    assert len(gaps) <= len(CASES) * 0.12, gaps


SHOP = {
    "vpcs": {"shop": {"cidr": "10.0.0.0/16"}, "other": {"cidr": "10.9.0.0/16"}},
    "igws": {"igw": "shop"},
    "subnets": {
        "public": {"vpc": "shop", "cidr": "10.0.1.0/24", "az": "a"},
        "app": {"vpc": "shop", "cidr": "10.0.11.0/24", "az": "a"},
        "app-b": {"vpc": "shop", "cidr": "10.0.12.0/24", "az": "b"},
        "far": {"vpc": "other", "cidr": "10.9.1.0/24", "az": "a"},
    },
    "nats": {"nat": {"subnet": "public"}},
    "tables": {
        "rt-public": {"vpc": "shop", "subnets": ["public"], "routes": [["0.0.0.0/0", "igw"]]},
        "rt-app": {"vpc": "shop", "subnets": ["app"], "routes": [["0.0.0.0/0", "nat"]]},
    },
    "sgs": {
        "sg-alb": {"vpc": "shop", "in": [["tcp", "80", "0.0.0.0/0"]]},
        "sg-app": {"vpc": "shop", "in": [["tcp", "8080", "sg-alb"]]},
        "sg-far": {"vpc": "other", "in": []},
    },
    "instances": {
        "web": {"subnet": "app", "sgs": ["sg-app"]},
        "away": {"subnet": "far", "sgs": ["sg-far"]},
    },
    "dbs": {"orders": {"subnets": ["app", "app-b"], "sgs": ["sg-app"]}},
    "lbs": {
        "alb": {
            "subnets": ["public", "app-b"],
            "sgs": ["sg-alb"],
            "scheme": "internet-facing",
            "listeners": [80],
            "targets": ["web"],
            "target_port": 8080,
        }
    },
    "lambdas": {"resize": {"subnets": ["app", "app-b"], "sgs": ["sg-app"]}},
    "endpoints": {
        "secrets": {
            "type": "Interface",
            "service": "secretsmanager",
            "vpc": "shop",
            "subnets": ["app"],
            "sgs": ["sg-app"],
        }
    },
}


@pytest.fixture
def shop(session: Clients) -> tuple[Network, Built]:
    built = build(SHOP, session)
    return read_network(session, built.ids["shop"]), built


def test_one_vpc_is_read_without_what_it_does_not_touch(shop: tuple[Network, Built]) -> None:
    """Another VPC of the account, with no connection to this one, is not part of it."""
    network, _ = shop
    assert [vpc.name for vpc in network.vpcs] == ["shop"]
    assert [instance.name for instance in network.instances] == ["web"]
    assert {group.name for group in network.security_groups} == {"sg-alb", "sg-app", "default"}


def test_a_vpc_that_is_not_there_is_an_error_that_names_those_that_are(session: Clients) -> None:
    """The message says which VPCs there are."""
    build({"vpcs": {"shop": {"cidr": "10.0.0.0/16"}}}, session)
    with pytest.raises(NetworkError, match="vpc-0none") as caught:
        read_network(session, "vpc-0none")
    assert "shop" in caught.value.next_step


def test_components_keep_their_real_ids_and_names(shop: tuple[Network, Built]) -> None:
    """A message about a network names what the learner finds in the account."""
    network, built = shop
    for name, group in (
        ("web", network.instances),
        ("rt-app", network.route_tables),
        ("igw", network.internet_gateways),
        ("nat", network.nat_gateways),
        ("secrets", network.endpoints),
        ("alb", network.load_balancers),
        ("orders", network.databases),
        ("resize", network.functions),
    ):
        assert {one.name: one.id for one in group}[name] == built.ids[name]


def test_rules_keep_their_ids(shop: tuple[Network, Built]) -> None:
    """A rule that decides can be pointed at by its own id."""
    network, _ = shop
    rules = [rule for group in network.security_groups if group.name == "sg-app" for rule in group.inbound]
    assert [rule.id[:4] for rule in rules] == ["sgr-"]


def in_subnet(network: Network, kind: str) -> list[tuple[Interface, Subnet]]:
    subnets = {subnet.id: subnet for subnet in network.subnets}
    return [(one, subnets[one.subnet]) for one in network.interfaces if one.type == kind]


@pytest.mark.parametrize(
    ("kind", "owner", "groups"),
    [
        ("nat_gateway", "nat", []),
        ("vpc_endpoint", "secrets", ["sg-app"]),
        ("load_balancer", "alb", ["sg-alb"]),
        ("rds", "orders", ["sg-app"]),
        ("lambda", "resize", ["sg-app"]),
    ],
)
def test_what_has_interfaces_on_aws_has_them_in_its_own_subnets_and_groups(
    shop: tuple[Network, Built], kind: str, owner: str, groups: list[str]
) -> None:
    """The emulator's interfaces are missing, or in the wrong subnet or group: they are put right."""
    network, built = shop
    found = in_subnet(network, kind)
    wanted = {"nat": 1, "secrets": 1, "alb": 2, "orders": 2, "resize": 2}[owner]
    assert len(found) == wanted
    addresses = emulated.Addresses(network.subnets, ())
    for one, subnet in found:
        assert one.attached_to == built.ids[owner]
        assert list(one.security_groups) == [built.ids[group] for group in groups]
        assert all(addresses.holds(subnet.id, address) for address in one.private_ips)


def test_no_two_interfaces_share_an_address(shop: tuple[Network, Built]) -> None:
    """Addresses made up for what the emulator forgot are free ones."""
    network, _ = shop
    addresses = [(one.vpc, address) for one in network.interfaces for address in one.private_ips]
    assert len(addresses) == len(set(addresses))


def test_reading_twice_gives_the_same_network(session: Clients) -> None:
    """What is made up is made up alike each time, so two readings can be compared."""
    built = build(SHOP, session)
    assert read_network(session, built.ids["shop"]) == read_network(session, built.ids["shop"])


def test_long_listings_are_read_to_their_end(session: Clients) -> None:
    """Listings come in pages; none is cut off."""
    ec2 = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for number in range(130):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone="us-east-1a")

    class SmallPages:
        region_name = "us-east-1"

        def client(self, service_name: str) -> Any:
            return Paging(session.client(service_name))

    class Paging:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def get_paginator(self, name: str) -> Any:
            paginator = self._client.get_paginator(name)
            whole = paginator.paginate

            def paginate(**parameters: Any) -> Any:
                size = 20 if name == "describe_subnets" else 1000
                config = {**parameters.pop("PaginationConfig"), "PageSize": size}
                return whole(**parameters, PaginationConfig=config)

            paginator.paginate = paginate
            return paginator

    assert len(read_network(SmallPages(), vpc, services=["ec2"]).subnets) == 130


class Refusing:
    """A session in which one operation is answered with an error."""

    region_name = "us-east-1"

    def __init__(self, session: Clients, operation: str, code: str) -> None:
        self._session, self._operation, self._code = session, operation, code

    def client(self, service_name: str) -> Any:
        outer = self

        class Client:
            def __getattr__(self, name: str) -> Any:
                return getattr(outer._session.client(service_name), name)

            def get_paginator(self, name: str) -> Any:
                if name == outer._operation:
                    said = {"Error": {"Code": outer._code, "Message": "refused in a test"}}
                    raise ClientError(said, name)  # type: ignore[arg-type]
                return outer._session.client(service_name).get_paginator(name)

        return Client()


def test_what_may_not_be_read_is_told(session: Clients) -> None:
    """A refused listing that a network can be without ends up in ``unread``."""
    network = read_network(Refusing(session, "describe_vpc_endpoints", "UnauthorizedOperation"))
    assert len(network.unread) == 1
    assert "VPC endpoints" in network.unread[0]


def test_a_listing_that_the_sandbox_does_not_have_is_empty(session: Clients) -> None:
    """An emulator without transit gateways cannot hold one: nothing is unread."""
    network = read_network(Refusing(session, "describe_transit_gateways", "InvalidAction"))
    assert network.unread == ()


@pytest.mark.parametrize("operation", ["describe_vpcs", "describe_security_groups", "describe_network_acls"])
def test_without_the_vpcs_and_their_filters_there_is_no_network(session: Clients, operation: str) -> None:
    """A network without its filters would look open: that is an error, never an answer."""
    with pytest.raises(NetworkError, match="refused in a test"):
        read_network(Refusing(session, operation, "UnauthorizedOperation"))


def test_services_can_be_left_out(session: Clients) -> None:
    """What is not asked for is not there, and no client of it is made."""
    build(SHOP, session)
    network = read_network(session, "shop", services=[name for name in SERVICES if name != "rds"])
    assert network.databases == ()
    assert len(network.load_balancers) == 1


def test_a_database_told_nothing_about_its_being_public_is_public_beside_an_internet_gateway() -> None:
    """CreateDBInstance: with a subnet group, left out means public when the VPC has an internet gateway."""
    told = {"DBSubnetGroup": {"VpcId": "vpc-1"}}
    assert emulated.publicly_accessible(told, ["vpc-1"])
    assert not emulated.publicly_accessible(told, ["vpc-2"])
    assert not emulated.publicly_accessible({**told, "PubliclyAccessible": False}, ["vpc-1"])


def test_a_functions_vpc_is_that_of_its_subnets_whatever_is_told() -> None:
    """The emulator makes up a VPC's id; a function whose subnets are not there is in no VPC that is known."""
    told = Function("arn:f", vpc="vpc-123abc", subnets=("subnet-1",))
    here = {"subnet-1": Subnet("subnet-1", "vpc-1", "10.0.1.0/24", "us-east-1a")}
    assert emulated.in_its_vpc(told, here).vpc == "vpc-1"
    assert emulated.in_its_vpc(told, {}).vpc == ""
    lost = Network(vpcs=(Vpc("vpc-123abc"),), functions=(emulated.in_its_vpc(told, {}),))
    assert trace(lost, "arn:f", "internet", "tcp", 443).verdict == "unknown"


@pytest.mark.parametrize(
    ("entries", "added"),
    [
        ([(100, "allow", "0.0.0.0/0")], 1),
        ([(100, "allow", "0.0.0.0/0"), (101, "deny", "::/0")], 0),
        ([(100, "deny", "0.0.0.0/0")], 0),
        ([], 0),
    ],
)
def test_a_default_acl_of_a_vpc_with_ipv6_lets_it_through_unless_it_was_changed(
    entries: list[tuple[int, Any, str]], added: int
) -> None:
    """AWS adds the IPv6 rules with the range, to an untouched default ACL only; the emulator never does."""
    told = tuple(
        NetworkAclEntry(number, egress, action, "-1", cidr)
        for number, action, cidr in entries
        for egress in (True, False)
    )
    acl = NetworkAcl("acl-1", "vpc-1", entries=told, default=True)
    right = emulated.with_ipv6_rules(acl, {"vpc-1"})
    assert len(right.entries) == len(told) + 2 * added
    assert emulated.with_ipv6_rules(acl, {"vpc-2"}) == acl
    own = dataclasses.replace(acl, default=False)
    assert emulated.with_ipv6_rules(own, {"vpc-1"}) == own


def test_a_transit_route_without_its_attachment_leads_nowhere_that_is_known() -> None:
    """What the emulator does not tell is unknown, neither open nor a blackhole."""
    routes = (TransitGatewayRoute("0.0.0.0/0"), TransitGatewayRoute("10.9.0.0/16", state="blackhole"))
    table = emulated.with_untold(TransitGatewayRouteTable("tgw-rtb-1", "tgw-1", routes=routes))
    made = emulated.untold([table])
    assert [route.attachment for route in table.routes] == [made[0].id, ""]
    assert made[0].resource_type not in ("vpc", "peering")


def test_a_default_table_that_the_gateway_is_told_not_to_have_is_left_out() -> None:
    """The emulator keeps one all the same."""
    table = {"TransitGatewayId": "tgw-1", "DefaultAssociationRouteTable": True}
    off = {"TransitGatewayId": "tgw-1", "Options": {"DefaultRouteTableAssociation": "disable"}}
    assert emulated.invented(table, [off])
    assert not emulated.invented(table, [{**off, "Options": {"DefaultRouteTableAssociation": "enable"}}])
    assert not emulated.invented({**table, "DefaultAssociationRouteTable": False}, [off])


def test_answers_of_awss_own_shape_are_left_alone() -> None:
    """A NAT gateway's interface that is in its subnet keeps its address."""
    subnet = Subnet("subnet-1", "vpc-1", "10.0.1.0/24", "us-east-1a")
    one = Interface("eni-1", "vpc-1", "subnet-1", ("10.0.1.7",), ("203.0.113.5",), type="nat_gateway")
    nat = {"NatGatewayId": "nat-1", "SubnetId": "subnet-1", "NatGatewayAddresses": []}
    put_right = emulated.nat_interface(one, nat, emulated.Addresses([subnet], [one]))
    assert put_right.private_ips == ("10.0.1.7",)
    assert put_right.public_ips == ("203.0.113.5",)


def test_a_full_subnet_has_no_address_to_hand_out() -> None:
    """Nothing is made up that could not be there."""
    tiny = Subnet("subnet-1", "vpc-1", "10.0.1.0/28", "us-east-1a")
    free = emulated.Addresses([tiny], ())
    taken = [free.take("subnet-1") for _ in range(12)]
    assert len({address for one in taken for address in one}) == 10
    assert taken[-1] == ()
