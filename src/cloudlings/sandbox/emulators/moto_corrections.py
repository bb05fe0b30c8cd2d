"""What moto keeps differently from AWS, put right where it keeps it: state that no rule in front could mend.

Each correction wraps one of moto's methods, and says where AWS describes it. ``apply`` is called once, in
moto's own process, before anything is stored.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import chain, islice
from typing import Any

from cloudlings.sandbox.emulators import moto_answers, moto_groups, moto_images, moto_public_images


def apply() -> None:
    """Correct EC2, which every account begins with; the others when they are loaded."""
    _ids()
    _operations()
    moto_answers.apply()
    moto_images.apply()
    moto_public_images.apply()
    _default_group()
    _default_network()
    _private_addresses()
    _interfaces_of_nat_gateways()
    _interfaces_of_endpoints()
    _interfaces_of_instances()


def apply_rest() -> None:
    """Correct the services that are loaded after EC2."""
    _spread_over_zones()
    moto_groups.correct()
    _promoted_replicas()
    _interfaces_of_load_balancers()


def _ids() -> None:
    """An id's 17 digits in one draw: a new account begins with thousands of them, for AWS's public images."""
    from moto.ec2 import utils
    from moto.moto_api._internal import mock_random

    def random_resource_id(size: int = 8) -> str:
        return f"{mock_random.getrandbits(4 * size):0{size}x}"

    utils.random_resource_id = random_resource_id


def _operations() -> None:
    """The operations of a service are looked up once; moto looks by reflection for every request."""
    from moto.core import responses

    responses.method_names_from_class = functools.cache(responses.method_names_from_class)


def _default_group() -> None:
    """A default security group lets its own members in (VPC User Guide, "Default security groups")."""
    from moto.ec2.models.vpcs import VPCBackend

    create = VPCBackend.create_vpc

    def create_vpc(self: Any, *args: Any, **kwargs: Any) -> Any:
        vpc = create(self, *args, **kwargs)
        group = self.get_default_security_group(vpc.id)
        if group is not None:
            self.authorize_security_group_ingress(
                group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc.id
            )
        return vpc

    VPCBackend.create_vpc = create_vpc


def _default_network() -> None:
    """The default VPC has an internet gateway, and a route there (VPC User Guide, "Default VPCs")."""
    from moto.ec2.models import EC2Backend

    start = EC2Backend.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        start(self, *args, **kwargs)
        vpc = self.get_default_vpc()
        if vpc is None or self.internet_gateways:
            return
        gateway = self.create_internet_gateway()
        self.attach_internet_gateway(gateway.id, vpc.id)
        main = self.describe_route_tables(filters={"vpc-id": [vpc.id]})[0]
        self.create_route(main.id, "0.0.0.0/0", gateway_id=gateway.id)

    EC2Backend.__init__ = __init__


def _private_addresses() -> None:
    """An interface takes an address that is free in its subnet, and none of the five of AWS's own (VPC User
    Guide, "Subnet sizing")."""
    from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
    from moto.ec2.models.subnets import Subnet

    create = NetworkInterfaceBackend.create_network_interface
    assign = NetworkInterfaceBackend.assign_private_ip_addresses
    next_of = Subnet.get_available_subnet_ip

    def create_network_interface(
        self: Any,
        subnet: Any,
        private_ip_address: Any = None,
        private_ip_addresses: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        home = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
        more = int(kwargs.pop("secondary_ips_count", None) or 0)
        if not private_ip_address and not private_ip_addresses:
            private_ip_address = next(_free_addresses(self, home))
        card = create(self, subnet, private_ip_address, private_ip_addresses, *args, **kwargs)
        if more:
            assign_private_ip_addresses(self, card.id, secondary_ips_count=more)
        return card

    def assign_private_ip_addresses(
        self: Any, eni_id: str, private_ip_addresses: Any = None, secondary_ips_count: Any = None
    ) -> Any:
        if secondary_ips_count and not private_ip_addresses:
            free = _free_addresses(self, self.get_network_interface(eni_id).subnet)
            private_ip_addresses = list(islice(free, int(secondary_ips_count)))
        return assign(self, eni_id, private_ip_addresses)

    def get_available_subnet_ip(self: Any, instance: Any) -> str:
        address = str(next_of(self, instance))
        while address in (taken := _taken_addresses(self.ec2_backend, self)):
            self._subnet_ips[address] = taken[address]
            address = str(next_of(self, instance))
        return address

    NetworkInterfaceBackend.create_network_interface = create_network_interface
    NetworkInterfaceBackend.assign_private_ip_addresses = assign_private_ip_addresses
    Subnet.get_available_subnet_ip = get_available_subnet_ip


def _taken_addresses(backend: Any, subnet: Any) -> dict[str, Any]:
    """The addresses of a subnet's interfaces, and whose they are."""
    cards = [card for card in list(backend.enis.values()) if card.subnet.id == subnet.id]
    return {one["PrivateIpAddress"]: card for card in cards for one in card.private_ip_addresses}


def _free_addresses(backend: Any, subnet: Any) -> Iterator[str]:
    """Addresses of a subnet that nothing has, in no order."""
    from moto.ec2.exceptions import EC2ClientError

    block = IPv4Network(subnet.cidr_block)
    taken = {*_taken_addresses(backend, subnet), *subnet._subnet_ips}
    hosts = range(4, block.num_addresses - 1)
    for host in chain((random.choice(hosts) for _ in range(100)), hosts):
        address = str(block[host])
        if address not in taken:
            taken.add(address)
            yield address
    message = "The specified subnet does not have enough free addresses to satisfy the request."
    raise EC2ClientError("InsufficientFreeAddressesInSubnet", message)


def _interfaces_of_nat_gateways() -> None:
    """A NAT gateway's interface is AWS's, in its subnet (VPC User Guide, "NAT gateway basics")."""
    from moto.ec2.models import nat_gateways

    # moto's address is of another network; without one, the interface takes an address of its subnet.
    nat_gateways.random_private_ip = lambda: None
    backend = nat_gateways.NatGatewayBackend
    create, delete = backend.create_nat_gateway, backend.delete_nat_gateway

    def create_nat_gateway(self: Any, *args: Any, **kwargs: Any) -> Any:
        nat = create(self, *args, **kwargs)
        nat.private_ip = nat._eni.private_ip_address
        _belongs_to_aws(nat._eni, "nat_gateway", f"Interface for NAT Gateway {nat.id}")
        nat._eni._group_set = []
        return nat

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        nat = self.nat_gateways.get(nat_gateway_id)
        found = delete(self, nat_gateway_id)
        if nat is not None:
            self.enis.pop(nat._eni.id, None)
            _give_back(self, nat._eni.id)
        return found

    backend.create_nat_gateway, backend.delete_nat_gateway = create_nat_gateway, delete_nat_gateway


def _give_back(backend: Any, interface: str) -> None:
    """An Elastic IP address outlives what had it (EC2 API reference, DeleteNatGateway)."""
    for address in backend.addresses:
        if address.eni is not None and address.eni.id == interface:
            address.eni, address.association_id = None, None


def _interfaces_of_endpoints() -> None:
    """An interface endpoint's interfaces are AWS's, with its groups (AWS PrivateLink Guide, "Endpoint network
    interfaces"); they go with it."""
    from moto.ec2.models import vpcs

    vpcs.random_private_ip = lambda *_args, **_kwargs: None
    create, delete = vpcs.VPCBackend.create_vpc_endpoint, vpcs.VPCBackend.delete_vpc_endpoints

    def create_vpc_endpoint(self: Any, *args: Any, **kwargs: Any) -> Any:
        endpoint = create(self, *args, **kwargs)
        # "Default: Gateway" (EC2 API reference, CreateVpcEndpoint, VpcEndpointType).
        endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
        groups = [self.get_security_group_from_id(each) for each in endpoint.security_group_ids]
        for name in endpoint.network_interface_ids:
            card = self.enis[name]
            _belongs_to_aws(card, "vpc_endpoint", f"VPC Endpoint Interface {endpoint.id}")
            card._group_set = [g for g in groups if g is not None] or card._group_set
        return endpoint

    def delete_vpc_endpoints(self: Any, vpce_ids: list[str] | None = None) -> Any:
        doomed = [self.vpc_end_points[name] for name in vpce_ids or [] if name in self.vpc_end_points]
        cards = [card for endpoint in doomed for card in endpoint.network_interface_ids]
        found = delete(self, vpce_ids)
        for name in cards:
            self.enis.pop(name, None)
        return found

    vpcs.VPCBackend.create_vpc_endpoint = create_vpc_endpoint
    vpcs.VPCBackend.delete_vpc_endpoints = delete_vpc_endpoints


def _interfaces_of_instances() -> None:
    """An interface that is made at a launch goes with its instance, unless told otherwise (EC2 User
    Guide, "Delete on termination" of network interfaces): its subnet and groups can be deleted then."""
    from moto.ec2.models.instances import Instance

    prepare = Instance.prep_nics

    def prep_nics(self: Any, nic_spec: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
        for nic in nic_spec:
            if not nic.get("NetworkInterfaceId"):
                nic.setdefault("DeleteOnTermination", True)
        prepare(self, nic_spec, *args, **kwargs)
        if not nic_spec:
            for card in self.nics.values():
                card.delete_on_termination = True

    Instance.prep_nics = prep_nics


def _belongs_to_aws(card: Any, kind: str, description: str) -> None:
    card.interface_type, card.description = kind, description
    card.requester_managed, card.status = True, "in-use"


def _spread_over_zones() -> None:
    """A group launches where it has fewest instances (Auto Scaling User Guide, "Instance distribution")."""
    from moto.autoscaling.models import FakeAutoScalingGroup

    launch = FakeAutoScalingGroup.replace_autoscaling_group_instances

    def replace_autoscaling_group_instances(self: Any, count_needed: int, propagated_tags: Any) -> None:
        subnets = [each.strip() for each in (self.vpc_zone_identifier or "").split(",") if each.strip()]
        zones = self.availability_zones
        if len(subnets) < 2:
            launch(self, count_needed, propagated_tags)
            return
        whole = self.vpc_zone_identifier
        try:
            for _ in range(count_needed):
                there = [state.instance.subnet_id for state in self.instance_states]
                chosen = min(subnets, key=lambda each: (there.count(each), subnets.index(each)))
                self.vpc_zone_identifier = chosen
                self.availability_zones = [
                    self.autoscaling_backend.ec2_backend.get_subnet(chosen).availability_zone
                ]
                launch(self, 1, dict(propagated_tags))
        finally:
            self.vpc_zone_identifier, self.availability_zones = whole, zones

    FakeAutoScalingGroup.replace_autoscaling_group_instances = replace_autoscaling_group_instances


def _promoted_replicas() -> None:
    """A promoted replica and its source know nothing more of each other (RDS User Guide, "Promoting a read
    replica")."""
    from moto.rds.models import RDSBackend

    promote = RDSBackend.promote_read_replica

    def promote_read_replica(self: Any, db_kwargs: dict[str, Any]) -> Any:
        database = self.databases[db_kwargs["db_instance_identifier"]]
        source = getattr(database, "source_db_instance_identifier", None)
        found = promote(self, db_kwargs)
        primary = self.find_db_from_id(source) if source else None
        if primary is not None:
            names = (database.db_instance_identifier, database.db_instance_arn)
            primary.replicas = [each for each in primary.replicas if each not in names]
        database.source_db_instance_identifier = None
        return found

    RDSBackend.promote_read_replica = promote_read_replica


def _interfaces_of_load_balancers() -> None:
    """A load balancer has an interface in each of its subnets (ELB User Guide, "Load balancer nodes")."""
    from moto.elbv2.models import ELBv2Backend

    create, delete = ELBv2Backend.create_load_balancer, ELBv2Backend.delete_load_balancer

    def create_load_balancer(self: Any, *args: Any, **kwargs: Any) -> Any:
        balancer = create(self, *args, **kwargs)
        name = balancer.arn.partition("loadbalancer/")[2]
        for subnet in balancer.subnets:
            card = self.ec2_backend.create_network_interface(
                subnet, None, group_ids=balancer.security_groups or []
            )
            kind = "network_load_balancer" if name.startswith("net/") else "interface"
            _belongs_to_aws(card, kind, f"ELB {name}")
            card.requester_id = "amazon-elb"
        return balancer

    def delete_load_balancer(self: Any, arn: str) -> Any:
        found = delete(self, arn)
        description = f"ELB {arn.partition('loadbalancer/')[2]}"
        for card in [c for c in self.ec2_backend.enis.values() if c.description == description]:
            self.ec2_backend.enis.pop(card.id, None)
        return found

    ELBv2Backend.create_load_balancer = create_load_balancer
    ELBv2Backend.delete_load_balancer = delete_load_balancer
