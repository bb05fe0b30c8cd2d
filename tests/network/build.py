"""Builds a case's compact topology through boto3, on whatever answers the session: moto, or the sandbox.

The format is that of the README beside this file. Every component gets its name as
its Name tag, so that a case's names are found again in what is read back.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.network.build_workloads import Workloads

Topology = Mapping[str, Any]


@dataclass
class Built:
    """What was built: the id of each name."""

    ids: dict[str, str] = field(default_factory=dict)


def build(topology: Topology, session: Any) -> Built:
    """Builds ``topology`` in the account of ``session`` and tells the ids."""
    return Builder(topology, session).build()


class Builder(Workloads):
    """One topology being built; each ``_name`` method builds one section of it."""

    def __init__(self, topology: Topology, session: Any) -> None:
        self.topology = topology
        self.session = session
        self.ec2 = session.client("ec2")
        self.region = session.region_name
        self.built = Built()
        self.ids = self.built.ids
        self.ipv6: dict[str, str] = {}
        self.taken: dict[str, itertools.count[int]] = {}
        self.forgotten: list[str] = []

    def build(self) -> Built:
        """Every section, in the order that references need."""
        for section in (
            "vpcs", "igws", "eigws", "subnets", "prefix_lists", "sgs", "nats", "pcx", "tgws", "nacls",
            "instances", "dbs", "lambdas", "lbs", "tables", "endpoints", "after",
        ):  # fmt: skip
            rows = self.topology.get(section)
            if rows:
                getattr(self, f"_{section}")(rows)
        self._forget()
        return self.built

    def _name(self, name: str, made: str) -> None:
        self.ids[name] = made
        self.ec2.create_tags(Resources=[made], Tags=[{"Key": "Name", "Value": name}])

    # What a VPC is made of

    def _vpcs(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            ipv6 = bool(row.get("ipv6"))
            made = self.ec2.create_vpc(CidrBlock=row["cidr"], AmazonProvidedIpv6CidrBlock=ipv6)["Vpc"][
                "VpcId"
            ]
            self._name(name, made)
            self._default_group_lets_members_talk(made)
            for cidr in row.get("more", ()):
                self.ec2.associate_vpc_cidr_block(VpcId=made, CidrBlock=cidr)
            if ipv6:
                told = self.ec2.describe_vpcs(VpcIds=[made])["Vpcs"][0]
                self.ipv6[name] = told["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]

    def _default_group_lets_members_talk(self, vpc: str) -> None:
        """What AWS does when it makes a VPC, and moto does not."""
        group = self._default_group(vpc)
        told = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if not told["IpPermissions"]:
            among_members = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
            self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=among_members)

    def _igws(self, rows: Mapping[str, str | None]) -> None:
        for name, vpc in rows.items():
            made = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            self._name(name, made)
            if vpc:
                self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=self.ids[vpc])

    def _eigws(self, rows: Mapping[str, str]) -> None:
        for name, vpc in rows.items():
            made = self.ec2.create_egress_only_internet_gateway(VpcId=self.ids[vpc])
            self._name(name, made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"])

    def _subnets(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            more: dict[str, Any] = {}
            if row.get("ipv6") is not None and row["vpc"] in self.ipv6:
                blocks = ipaddress.IPv6Network(self.ipv6[row["vpc"]]).subnets(new_prefix=64)
                more["Ipv6CidrBlock"] = str(next(itertools.islice(blocks, int(row["ipv6"]), None)))
            made = self.ec2.create_subnet(
                VpcId=self.ids[row["vpc"]],
                CidrBlock=row["cidr"],
                AvailabilityZone=f"{self.region}{row.get('az', 'a')}",
                **more,
            )["Subnet"]["SubnetId"]
            self._name(name, made)
            if more:
                self.ipv6[name] = more["Ipv6CidrBlock"]
            if row.get("map_public"):
                self.ec2.modify_subnet_attribute(SubnetId=made, MapPublicIpOnLaunch={"Value": True})

    def _nats(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            how: dict[str, Any] = {"ConnectivityType": "private"}
            if not row.get("private"):
                how = {"AllocationId": self.ec2.allocate_address(Domain="vpc")["AllocationId"]}
            made = self.ec2.create_nat_gateway(SubnetId=self.ids[row["subnet"]], **how)
            self._name(name, made["NatGateway"]["NatGatewayId"])

    def _prefix_lists(self, rows: Mapping[str, Sequence[str]]) -> None:
        for name, entries in rows.items():
            made = self.ec2.create_managed_prefix_list(
                PrefixListName=name,
                MaxEntries=max(1, len(entries)),
                AddressFamily="IPv6" if entries and ":" in entries[0] else "IPv4",
                Entries=[{"Cidr": entry} for entry in entries],
            )["PrefixList"]["PrefixListId"]
            self._name(name, made)

    def _tables(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            if name.startswith("main:"):
                made = self._main_association(self.ids[name.removeprefix("main:")])["RouteTableId"]
                self.ids[name] = made
            else:
                made = self.ec2.create_route_table(VpcId=self.ids[row["vpc"]])["RouteTable"]["RouteTableId"]
                self._name(name, made)
            for destination, target in row.get("routes", ()):
                vpc = row.get("vpc") or name.removeprefix("main:")
                target_of_it = self._target(target) if self._is_there(target) else self._made_and_gone(vpc)
                self.ec2.create_route(RouteTableId=made, **self._destination(destination), **target_of_it)
            for subnet in row.get("subnets", ()):
                self.ec2.associate_route_table(RouteTableId=made, SubnetId=self.ids[subnet])
            for gateway in row.get("gateways", ()):
                self.ec2.associate_route_table(RouteTableId=made, GatewayId=self.ids[gateway])
            if row.get("main"):
                main = self._main_association(self.ids[row["vpc"]])
                self.ec2.replace_route_table_association(
                    AssociationId=main["RouteTableAssociationId"], RouteTableId=made
                )

    def _main_association(self, vpc: str) -> dict[str, Any]:
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        found: dict[str, Any] = next(
            {**row, "RouteTableId": table["RouteTableId"]}
            for table in tables
            for row in table["Associations"]
            if row.get("Main")
        )
        return found

    def _is_there(self, target: str) -> bool:
        return target in self.ids or target.startswith("vgw-")

    def _made_and_gone(self, vpc: str) -> dict[str, str]:
        """The route's parameter for a target that was there once; ``_forget`` takes it away at the end."""
        subnets = [name for name, row in self.topology["subnets"].items() if row["vpc"] == vpc]
        made = self.ec2.create_nat_gateway(SubnetId=self.ids[subnets[0]], ConnectivityType="private")
        self.forgotten.append(made["NatGateway"]["NatGatewayId"])
        return {"NatGatewayId": self.forgotten[-1]}

    def _forget(self) -> None:
        for one in self.forgotten:
            if one.startswith("nat-"):
                self.ec2.delete_nat_gateway(NatGatewayId=one)
            else:
                self.ec2.delete_security_group(GroupId=one)

    def _vpn_gateway(self, name: str) -> str:
        made = self.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        vpc = next(iter(self.topology["vpcs"]))
        self.ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=self.ids[vpc])
        self.ids[name] = made
        return str(made)

    def _destination(self, text: str) -> dict[str, str]:
        if text.startswith("pl:"):
            return {"DestinationPrefixListId": self._prefix_list(text)}
        return {"DestinationIpv6CidrBlock": text} if ":" in text else {"DestinationCidrBlock": text}

    def _prefix_list(self, text: str) -> str:
        name = text.removeprefix("pl:")
        if name in self.ids:
            return self.ids[name]
        lists = self.ec2.describe_managed_prefix_lists()["PrefixLists"]
        service = name.removeprefix("aws-")
        known = {row["PrefixListName"]: str(row["PrefixListId"]) for row in lists}
        return known.get(f"com.amazonaws.{self.region}.{service}", "pl-00000000000000000")

    def _target(self, name: str) -> dict[str, str]:
        made = self._vpn_gateway(name) if name.startswith("vgw-") and name not in self.ids else self.ids[name]
        for prefix, parameter in (
            ("igw-", "GatewayId"), ("vgw-", "GatewayId"), ("eigw-", "EgressOnlyInternetGatewayId"),
            ("nat-", "NatGatewayId"), ("pcx-", "VpcPeeringConnectionId"), ("tgw-", "TransitGatewayId"),
            ("eni-", "NetworkInterfaceId"), ("i-", "InstanceId"), ("vpce-", "VpcEndpointId"),
        ):  # fmt: skip
            if made.startswith(prefix):
                return {parameter: made}
        raise AssertionError(f"{name!r} is no target of a route")

    # What filters

    def _sgs(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            made = self.ec2.create_security_group(
                GroupName=f"case {name}", Description="A group of a case", VpcId=self.ids[row["vpc"]]
            )["GroupId"]
            self._name(name, made)
        for name, row in rows.items():
            if row.get("in"):
                self.ec2.authorize_security_group_ingress(
                    GroupId=self.ids[name], IpPermissions=[self._permission(rule) for rule in row["in"]]
                )
            if "out" in row:
                self._outbound(self.ids[name], row["out"])

    def _outbound(self, group: str, rules: Sequence[Sequence[str]]) -> None:
        told = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        if told["IpPermissionsEgress"]:
            self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=told["IpPermissionsEgress"])
        if rules:
            self.ec2.authorize_security_group_egress(
                GroupId=group, IpPermissions=[self._permission(rule) for rule in rules]
            )

    def _permission(self, rule: Sequence[Any]) -> dict[str, Any]:
        protocol, port, peer = str(rule[0]), str(rule[1]), str(rule[2])
        permission: dict[str, Any] = {"IpProtocol": {"all": "-1", "any": "-1"}.get(protocol, protocol)}
        if permission["IpProtocol"] != "-1":
            permission["FromPort"], permission["ToPort"] = _ports(protocol, port)
        if peer.startswith("pl:"):
            permission["PrefixListIds"] = [{"PrefixListId": self._prefix_list(peer)}]
        elif ":" in peer:
            permission["Ipv6Ranges"] = [{"CidrIpv6": peer}]
        elif peer[:1].isdigit():
            permission["IpRanges"] = [{"CidrIp": peer}]
        else:
            permission["UserIdGroupPairs"] = [
                {"GroupId": self.ids.get(peer) or self._group_made_and_gone(peer)}
            ]
        return permission

    def _group_made_and_gone(self, name: str) -> str:
        vpc = self.ids[next(iter(self.topology["vpcs"]))]
        gone = self.ec2.create_security_group(
            GroupName=f"gone {name}", Description="deleted again", VpcId=vpc
        )
        made = str(gone["GroupId"])
        self.forgotten.append(made)
        return made

    def _nacls(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            made = self.ec2.create_network_acl(VpcId=self.ids[row["vpc"]])["NetworkAcl"]["NetworkAclId"]
            self._name(name, made)
            for direction in ("in", "out"):
                for entry in row.get(direction, ()):
                    self._entry(made, direction == "out", entry)
            for subnet in row.get("subnets", ()):
                self.ec2.replace_network_acl_association(
                    AssociationId=self._acl_association(self.ids[subnet]), NetworkAclId=made
                )

    def _entry(self, acl: str, egress: bool, entry: Sequence[Any]) -> None:
        number, action, protocol, port, cidr = (str(part) for part in entry)
        numbers = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "all": "-1", "any": "-1"}
        more: dict[str, Any] = {"Ipv6CidrBlock": cidr} if ":" in cidr else {"CidrBlock": cidr}
        if protocol in ("tcp", "udp"):
            first, last = _ports(protocol, port)
            more["PortRange"] = {"From": first, "To": last}
        elif protocol.startswith("icmp"):
            more["IcmpTypeCode"] = {"Type": int(port or -1), "Code": -1}
        self.ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=int(number),
            Protocol=numbers.get(protocol, protocol),
            RuleAction=action,
            Egress=egress,
            **more,
        )

    def _acl_association(self, subnet: str) -> str:
        filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
        acls = self.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
        return next(
            str(row["NetworkAclAssociationId"])
            for acl in acls
            for row in acl["Associations"]
            if row["SubnetId"] == subnet
        )

    # What connects VPCs

    def _pcx(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            made = self.ec2.create_vpc_peering_connection(
                VpcId=self.ids[row["a"]], PeerVpcId=self.ids[row["b"]]
            )
            which = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
            self._name(name, which)
            if row.get("accept", True):
                self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=which)

    def _tgws(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            own = "disable" if "tables" in row else "enable"
            options = {"DefaultRouteTableAssociation": own, "DefaultRouteTablePropagation": own}
            if row.get("sg_referencing"):
                options["SecurityGroupReferencingSupport"] = "enable"
            made = self.ec2.create_transit_gateway(Options=options)["TransitGateway"]
            self._name(name, made["TransitGatewayId"])
            attached = {
                vpc: self.ec2.create_transit_gateway_vpc_attachment(
                    TransitGatewayId=made["TransitGatewayId"],
                    VpcId=self.ids[vpc],
                    SubnetIds=[self.ids[subnet] for subnet in subnets],
                    Options={"Ipv6Support": "enable" if row.get("ipv6", True) else "disable"},
                )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
                for vpc, subnets in row.get("attach", {}).items()
            }
            routes = [[cidr, "blackhole"] for cidr in row.get("blackhole", ())] + list(row.get("routes", ()))
            if "tables" not in row:
                self._transit_routes(made["Options"]["AssociationDefaultRouteTableId"], routes, attached)
            for table, told in row.get("tables", {}).items():
                self._transit_table(made["TransitGatewayId"], table, told, attached)

    def _transit_table(
        self, gateway: str, name: str, row: Mapping[str, Any], attached: Mapping[str, str]
    ) -> None:
        table = self.ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)
        which = table["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
        self._name(name, which)
        for key, call in (
            ("associate", self.ec2.associate_transit_gateway_route_table),
            ("propagate", self.ec2.enable_transit_gateway_route_table_propagation),
        ):
            for vpc in row.get(key, ()):
                call(TransitGatewayRouteTableId=which, TransitGatewayAttachmentId=attached[vpc])
        self._transit_routes(which, row.get("routes", ()), attached)

    def _transit_routes(
        self, table: str, routes: Sequence[Sequence[str]], attached: Mapping[str, str]
    ) -> None:
        for destination, target in routes:
            how: dict[str, Any] = {"Blackhole": True}
            if target != "blackhole":
                how = {"TransitGatewayAttachmentId": attached[target]}
            self.ec2.create_transit_gateway_route(
                DestinationCidrBlock=destination, TransitGatewayRouteTableId=table, **how
            )

    def _endpoints(self, rows: Mapping[str, Any]) -> None:
        for name, row in rows.items():
            how: dict[str, Any] = {"RouteTableIds": [self.ids[table] for table in row.get("tables", ())]}
            if row["type"] != "Gateway":
                how = {
                    "SubnetIds": [self.ids[subnet] for subnet in row.get("subnets", ())],
                    "SecurityGroupIds": [self.ids[group] for group in row.get("sgs", ())],
                    "PrivateDnsEnabled": row.get("dns", True),
                }
            if how.get("PrivateDnsEnabled"):
                self.ec2.modify_vpc_attribute(VpcId=self.ids[row["vpc"]], EnableDnsHostnames={"Value": True})
            if row.get("policy"):
                how["PolicyDocument"] = json.dumps(row["policy"])
            made = self.ec2.create_vpc_endpoint(
                VpcId=self.ids[row["vpc"]],
                VpcEndpointType=row["type"],
                ServiceName=f"com.amazonaws.{self.region}.{row['service']}",
                **how,
            )
            self._name(name, made["VpcEndpoint"]["VpcEndpointId"])

    # What happens afterwards

    def _after(self, steps: Sequence[Sequence[str]]) -> None:
        for action, name in steps:
            self._actions()[action](self.ids[name])

    def _actions(self) -> dict[str, Callable[[str], Any]]:
        return {
            "delete_nat": lambda made: self.ec2.delete_nat_gateway(NatGatewayId=made),
            "delete_pcx": lambda made: self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=made),
            "detach_igw": self._detach,
        }

    def _detach(self, gateway: str) -> None:
        told = self.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]
        for attached in told["Attachments"]:
            self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=attached["VpcId"])


def _ports(protocol: str, port: str) -> tuple[int, int]:
    if protocol.startswith("icmp"):
        return (int(port), -1) if port else (-1, -1)
    first, _, last = (port or "0-65535").partition("-")
    return int(first), int(last or first)
