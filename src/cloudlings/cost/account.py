"""What an account costs a month as it stands: what is there, times the price table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from cloudlings.cost.bills import nat_bill, transfer_bill, volume_bill
from cloudlings.cost.estimate import Estimate, Line, hours
from cloudlings.cost.prices import Price, price_table
from cloudlings.cost.storage import GB
from cloudlings.errors import PriceError

SERVICES = ("ec2", "elbv2", "elb", "rds", "s3")
OBJECTS_READ_PER_BUCKET = 10_000
BILLED_INSTANCE_STATES = ("pending", "running")
UNBILLED_DATABASE_STATES = ("stopped", "deleting")


class Session(Protocol):
    """What ``estimate`` needs: a boto3 session, or a grader's ``Account``."""

    def client(self, service_name: str) -> Any: ...


@dataclass(frozen=True)
class Usage:
    """What no ``describe`` call tells: the traffic of a month, in GB (0 is left out, and said)."""

    nat_gb: float = 0
    cross_az_gb: float = 0
    internet_gb: float = 0
    region_gb: float = 0
    endpoint_gb: float = 0
    transit_gb: float = 0
    lcu_hours: float = 0


@dataclass(frozen=True)
class _Found:
    """The described resources of one account."""

    nats: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    interfaces: list[dict[str, Any]]
    endpoints: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    instances: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    balancers: list[dict[str, Any]]
    classic: list[dict[str, Any]]
    databases: list[dict[str, Any]]
    stored: list[tuple[str, str, float]]


def estimate(session: Session, usage: Usage | None = None, *, services: Iterable[str] = SERVICES) -> Estimate:
    """What the account behind ``session`` costs a month at us-east-1's list prices.

    Everything is taken to stay as it is for 730 hours; ``usage`` adds the traffic. A resource without a known
    price becomes a line without one, and the estimate is not ``complete``. ``services`` leaves out what a
    sandbox does not have. Raises PriceError when a service does not answer.
    """
    usage = usage or Usage()
    found = _read(session, tuple(services))
    lines = [
        *_nat_lines(found, usage),
        *_address_lines(found),
        *_endpoint_lines(found, usage),
        *_transit_lines(found, usage),
        *_balancer_lines(found, usage),
        *_instance_lines(found),
        *_volume_lines(found),
        *_database_lines(found),
        *_stored_lines(found),
        *transfer_bill(
            internet_gb=usage.internet_gb, cross_az_gb=usage.cross_az_gb, region_gb=usage.region_gb
        ).lines,
    ]
    return Estimate(
        "This account", tuple(line for line in lines if line.quantity), assumptions=_assumptions(usage)
    )


def _assumptions(usage: Usage) -> tuple[str, ...]:
    said = ["Everything runs all month (730 hours), without free tier, credits or discounts."]
    if usage == Usage():
        said.append("Traffic is not counted: give usage=Usage(nat_gb=…, internet_gb=…) to add it.")
    return tuple(said)


# Reading


def _read(session: Session, services: tuple[str, ...]) -> _Found:
    clients = {name: session.client(name) for name in services}

    def pages(service: str, operation: str, key: str) -> Callable[[], list[dict[str, Any]]]:
        return lambda: _described(clients[service], operation, key) if service in clients else []

    jobs: dict[str, Callable[[], list[Any]]] = {
        "nats": pages("ec2", "describe_nat_gateways", "NatGateways"),
        "addresses": lambda: clients["ec2"].describe_addresses()["Addresses"] if "ec2" in clients else [],
        "interfaces": pages("ec2", "describe_network_interfaces", "NetworkInterfaces"),
        "endpoints": pages("ec2", "describe_vpc_endpoints", "VpcEndpoints"),
        "attachments": pages("ec2", "describe_transit_gateway_attachments", "TransitGatewayAttachments"),
        "instances": pages("ec2", "describe_instances", "Reservations"),
        "volumes": pages("ec2", "describe_volumes", "Volumes"),
        "balancers": pages("elbv2", "describe_load_balancers", "LoadBalancers"),
        "classic": pages("elb", "describe_load_balancers", "LoadBalancerDescriptions"),
        "databases": pages("rds", "describe_db_instances", "DBInstances"),
        "stored": lambda: _stored(clients["s3"]) if "s3" in clients else [],
    }
    with ThreadPoolExecutor(max_workers=6) as pool:
        answers = {name: pool.submit(job) for name, job in jobs.items()}
        read = {name: _answer(name, answer.result) for name, answer in answers.items()}
    read["instances"] = [one for reservation in read["instances"] for one in reservation["Instances"]]
    return _Found(**read)


def _answer(name: str, result: Callable[[], list[Any]]) -> list[Any]:
    try:
        return result()
    except ClientError as error:
        raise PriceError(
            f"The account's {name} could not be read: {error.response['Error'].get('Message', error)}",
            next_step="See that the sandbox runs (cloudlings doctor), or leave the service out: services=.",
        ) from error


def _described(client: Any, operation: str, key: str) -> list[dict[str, Any]]:
    return [item for page in client.get_paginator(operation).paginate() for item in page.get(key, ())]


def _stored(client: Any) -> list[tuple[str, str, float]]:
    """(bucket, storage class, GB) of what is stored, from the first 10,000 object versions' listings."""
    found: list[tuple[str, str, float]] = []
    for bucket in client.list_buckets().get("Buckets", ()):
        sizes: Counter[str] = Counter()
        for item in _objects(client, bucket["Name"]):
            sizes[item.get("StorageClass", "STANDARD")] += item["Size"]
        found += [(bucket["Name"], name, size / GB) for name, size in sizes.items()]
    return found


def _objects(client: Any, bucket: str) -> Iterator[dict[str, Any]]:
    config = {"MaxItems": OBJECTS_READ_PER_BUCKET}
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig=config)
    for page in pages:
        yield from page.get("Versions", ())


# Pricing


def _line(service: str, resource: str, what: str, quantity: float, key: str, note: str = "") -> Line:
    return Line(service, resource, what, quantity, price_table().get(key), note)


def _name(item: dict[str, Any], fallback: str) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags") or ()}
    return f"{tags['Name']} ({fallback})" if tags.get("Name") else fallback


def _nat_lines(found: _Found, usage: Usage) -> Iterator[Line]:
    for nat in found.nats:
        if nat["State"] in ("pending", "available"):
            yield _line("nat", _name(nat, nat["NatGatewayId"]), "hours", hours(), "nat.hour")
    yield from nat_bill(usage.nat_gb, gateways=0).lines


def _address_lines(found: _Found) -> Iterator[Line]:
    """Every public IPv4 address is charged, in use or idle, whoever it belongs to (since 1 February 2024)."""
    seen: dict[str, str] = {
        a["PublicIp"]: a.get("AllocationId", "") for a in found.addresses if "PublicIp" in a
    }
    for interface in found.interfaces:
        for private in interface.get("PrivateIpAddresses", ()):
            public = (private.get("Association") or {}).get("PublicIp")
            if public:
                seen.setdefault(public, interface["NetworkInterfaceId"])
    for instance in found.instances:
        if instance.get("PublicIpAddress") and instance["State"]["Name"] in BILLED_INSTANCE_STATES:
            seen.setdefault(instance["PublicIpAddress"], instance["InstanceId"])
    for public, owner in sorted(seen.items()):
        yield _line("ipv4", f"{public} ({owner})", "public IPv4 address, hours", hours(), "ipv4.hour")
    yield from _hidden_addresses(found)


def _has_public_address(interface: dict[str, Any]) -> bool:
    rows = (interface, *interface.get("PrivateIpAddresses", ()))
    return any((row.get("Association") or {}).get("PublicIp") for row in rows)


def _hidden_addresses(found: _Found) -> Iterator[Line]:
    """Addresses of load balancers and databases, which a sandbox may not show on their interfaces."""
    described = [one.get("Description", "") for one in found.interfaces if _has_public_address(one)]
    for balancer in found.balancers:
        shown = any(balancer["LoadBalancerName"] in text for text in described)
        if balancer.get("Scheme") == "internet-facing" and not shown:
            zones = len(balancer.get("AvailabilityZones", ()))
            yield _line("ipv4", balancer["LoadBalancerName"], "public IPv4 addresses, hours", hours() * zones,
                        "ipv4.hour", "one address in each zone")  # fmt: skip
    for database in found.databases:
        if database.get("PubliclyAccessible") and not any("RDS" in text for text in described):
            yield _line(
                "ipv4", database["DBInstanceIdentifier"], "public IPv4 address, hours", hours(), "ipv4.hour"
            )


def _endpoint_lines(found: _Found, usage: Usage) -> Iterator[Line]:
    for endpoint in found.endpoints:
        kind = endpoint.get("VpcEndpointType", "Gateway").lower()
        zones = 1 if kind == "gateway" else len(endpoint.get("SubnetIds", ()))
        what = f"{endpoint['ServiceName']} ({kind}), hours"
        note = "" if kind == "gateway" else f"in {zones} zone{'s' * (zones != 1)}"
        resource = _name(endpoint, endpoint["VpcEndpointId"])
        yield _line("endpoint", resource, what, hours() * zones, f"endpoint.{kind}.hour", note)
    yield _line(
        "endpoint", "interface endpoints", "data processed", usage.endpoint_gb, "endpoint.interface.gb"
    )


def _transit_lines(found: _Found, usage: Usage) -> Iterator[Line]:
    for attachment in found.attachments:
        if attachment.get("State") in ("available", "modifying"):
            name = _name(attachment, attachment["TransitGatewayAttachmentId"])
            yield _line("tgw", name, "transit gateway attachment, hours", hours(), "tgw.attachment.hour")
    yield _line("tgw", "transit gateways", "data processed", usage.transit_gb, "tgw.gb")


def _balancer_lines(found: _Found, usage: Usage) -> Iterator[Line]:
    for balancer in found.balancers:
        kind = balancer["Type"]
        yield _line(
            "lb", balancer["LoadBalancerName"], f"{kind} load balancer, hours", hours(), f"lb.{kind}.hour"
        )
    for balancer in found.classic:
        yield _line(
            "lb", balancer["LoadBalancerName"], "classic load balancer, hours", hours(), "lb.classic.hour"
        )
    yield _line("lb", "load balancers", "capacity units", usage.lcu_hours, "lb.application.lcu")


def _instance_lines(found: _Found) -> Iterator[Line]:
    for instance in found.instances:
        if instance["State"]["Name"] in BILLED_INSTANCE_STATES:
            kind = instance["InstanceType"]
            yield _line(
                "ec2", _name(instance, instance["InstanceId"]), f"{kind}, hours", hours(), f"ec2.{kind}"
            )


def _volume_lines(found: _Found) -> Iterator[Line]:
    for volume in found.volumes:
        kind, size = volume["VolumeType"], volume["Size"]
        iops, throughput = volume.get("Iops") or 0, volume.get("Throughput") or 0
        try:
            lines = volume_bill(kind, size, iops=iops, throughput=throughput).lines
        except PriceError:
            lines = (Line("ebs", kind, "storage", size, None),)
        for line in lines:
            resource = _name(volume, volume["VolumeId"])
            yield Line("ebs", resource, f"{kind}, {line.what}", line.quantity, line.price, line.note)


def _database_lines(found: _Found) -> Iterator[Line]:
    for database in found.databases:
        engine, name = database["Engine"], database["DBInstanceIdentifier"]
        copies = 2 if database.get("MultiAZ") else 1
        note = "Multi-AZ: the standby is paid too" if copies == 2 else ""
        kind = database["DBInstanceClass"]
        if database.get("DBInstanceStatus") not in UNBILLED_DATABASE_STATES:
            yield _line(
                "rds", name, f"{engine} {kind}, hours", hours() * copies, f"rds.{engine}.{kind}", note
            )
        storage = database.get("StorageType") or "gp2"
        size = (database.get("AllocatedStorage") or 0) * copies
        yield _line("rds", name, f"{storage} storage", size, f"rds.storage.{storage}", note)
        if storage == "io1":
            yield _line("rds", name, "provisioned IOPS", (database.get("Iops") or 0) * copies,
                        "rds.storage.io1.iops_month", note)  # fmt: skip


def _stored_lines(found: _Found) -> Iterator[Line]:
    for bucket, name, size in found.stored:
        tier = "INTELLIGENT_TIERING.frequent" if name == "INTELLIGENT_TIERING" else name
        price: Price | None = price_table().get(f"s3.{tier}.gb_month")
        yield Line("s3", bucket, f"{name} storage", size, price, "minimum sizes and durations not counted")
