"""Builds what runs in a topology's network through boto3: instances, databases, functions, load balancers."""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Mapping
from typing import Any

ROLE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
# Lambda makes a function's interfaces with its role's rights (Developer Guide, "Giving Lambda functions
# access to resources in an Amazon VPC").
IN_A_VPC = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                f"ec2:{action}NetworkInterface{more}"
                for action, more in (("Create", ""), ("Describe", "s"), ("Delete", ""))
            ],
            "Resource": "*",
        }
    ],
}


class Workloads:
    """The sections of a topology that run something; ``Builder`` adds those that they run in."""

    topology: Mapping[str, Any]
    session: Any
    ec2: Any
    ids: dict[str, str]
    ipv6: dict[str, str]
    taken: dict[str, itertools.count[int]]

    def _tagged(self, kind: str, name: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]

    def _instances(self, rows: Mapping[str, Any]) -> None:
        image = _image(self.ec2)
        for name, row in rows.items():
            card = {
                "DeviceIndex": 0,
                "SubnetId": self.ids[row["subnet"]],
                "PrivateIpAddress": self._next_address(row["subnet"]),
                "Groups": [self.ids[group] for group in row.get("sgs", ())],
            }
            if "public" in row:
                card["AssociatePublicIpAddress"] = bool(row["public"])
            made = self.ec2.run_instances(
                ImageId=image,
                InstanceType="t3.micro",
                MinCount=1,
                MaxCount=1,
                NetworkInterfaces=[card],
                TagSpecifications=self._tagged("instance", name),
            )["Instances"][0]
            self.ids[name] = made["InstanceId"]
            card_id = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
            if row.get("eip"):
                address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
                self.ec2.associate_address(AllocationId=address, InstanceId=made["InstanceId"])
            if row.get("source_dest_check") is False:
                self.ec2.modify_network_interface_attribute(
                    NetworkInterfaceId=card_id, SourceDestCheck={"Value": False}
                )
            if row.get("state", "running") != "running":
                end = self.ec2.stop_instances if row["state"] == "stopped" else self.ec2.terminate_instances
                end(InstanceIds=[made["InstanceId"]])
            if row.get("ipv6") and row["subnet"] in self.ipv6:
                self._assign_ipv6(card_id, row["subnet"])

    def _next_address(self, subnet: str) -> str:
        """The address that the topology, loaded without an emulator, gives the next instance of a subnet."""
        nats = sum(1 for row in self.topology.get("nats", {}).values() if row["subnet"] == subnet)
        number = next(self.taken.setdefault(f"{subnet} IPv4", itertools.count(10 + nats)))
        return str(ipaddress.IPv4Network(self.topology["subnets"][subnet]["cidr"], strict=False)[number])

    def _assign_ipv6(self, card: str, subnet: str) -> None:
        number = next(self.taken.setdefault(subnet, itertools.count(0x10)))
        address = str(ipaddress.IPv6Network(self.ipv6[subnet])[number])
        self.ec2.assign_ipv6_addresses(NetworkInterfaceId=card, Ipv6Addresses=[address])

    def _dbs(self, rows: Mapping[str, Any]) -> None:
        rds = self.session.client("rds")
        for name, row in rows.items():
            group = f"{name}-subnets"
            rds.create_db_subnet_group(
                DBSubnetGroupName=group,
                DBSubnetGroupDescription=group,
                SubnetIds=[self.ids[subnet] for subnet in row["subnets"]],
            )
            rds.create_db_instance(
                DBInstanceIdentifier=name,
                DBInstanceClass="db.t4g.micro",
                Engine="postgres",
                AllocatedStorage=20,
                MasterUsername="learner",
                MasterUserPassword="not-a-secret",
                DBSubnetGroupName=group,
                VpcSecurityGroupIds=[self.ids[sg] for sg in row.get("sgs", ())],
                PubliclyAccessible=bool(row.get("public")),
                Port=row.get("port", 5432),
            )
            self.ids[name] = name

    def _lambdas(self, rows: Mapping[str, Any]) -> None:
        role = self._role()
        functions = self.session.client("lambda")
        for name, row in rows.items():
            config = {
                "SubnetIds": [self.ids[subnet] for subnet in row.get("subnets", ())],
                "SecurityGroupIds": [self.ids[group] for group in row.get("sgs", ())],
            }
            made = functions.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Role=role,
                Handler="index.handler",
                Code={"ZipFile": _archive()},
                **({"VpcConfig": config} if row.get("subnets") else {}),
            )
            self.ids[name] = made["FunctionArn"]

    def _role(self) -> str:
        iam = self.session.client("iam")
        made = iam.create_role(RoleName="case-function", AssumeRolePolicyDocument=json.dumps(ROLE_TRUST))
        iam.put_role_policy(
            RoleName="case-function", PolicyName="in-a-vpc", PolicyDocument=json.dumps(IN_A_VPC)
        )
        return str(made["Role"]["Arn"])

    def _lbs(self, rows: Mapping[str, Any]) -> None:
        elb = self.session.client("elbv2")
        for name, row in rows.items():
            kind = row.get("type", "application")
            vpc = self.ids[self.topology["subnets"][row["subnets"][0]]["vpc"]]
            groups = [self.ids[group] for group in row.get("sgs", ())]
            if not groups and kind == "application":
                groups = [self._default_group(vpc)]
            made = elb.create_load_balancer(
                Name=name,
                Subnets=[self.ids[subnet] for subnet in row["subnets"]],
                Scheme=row.get("scheme", "internet-facing"),
                Type=kind,
                IpAddressType="dualstack" if row.get("ipv6") else "ipv4",
                **({"SecurityGroups": groups} if groups else {}),
            )["LoadBalancers"][0]["LoadBalancerArn"]
            self.ids[name] = made
            if kind == "network" and row.get("cross_zone"):
                elb.modify_load_balancer_attributes(
                    LoadBalancerArn=made,
                    Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}],
                )
            default = "TCP" if kind == "network" else "HTTP"
            group = self._target_group(elb, name, row, vpc, row.get("target_protocol", default))
            for listener in row.get("listeners", ()):
                port, protocol = (listener, default) if isinstance(listener, int | str) else listener
                elb.create_listener(
                    LoadBalancerArn=made,
                    Protocol=protocol,
                    Port=int(port),
                    DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
                )

    def _default_group(self, vpc: str) -> str:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return str(self.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def _function_targets(self, elb: Any, name: str, functions: list[str]) -> str:
        made = elb.create_target_group(Name=f"{name}-targets", TargetType="lambda")
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": self.ids[one]} for one in functions])
        return str(arn)

    def _target_group(self, elb: Any, name: str, row: Mapping[str, Any], vpc: str, protocol: str) -> str:
        port, targets = int(row.get("target_port", 80)), row.get("targets", ())
        own = [target if isinstance(target, list) else [target, port] for target in targets]
        if any(target in self.topology.get("lambdas", {}) for target, _ in own):
            return self._function_targets(elb, name, [str(target) for target, _ in own])
        behind = any(target in self.topology["lbs"] for target, _ in own)
        by_address = any(str(target) not in self.ids for target, _ in own)
        made = elb.create_target_group(
            Name=f"{name}-targets",
            Protocol=protocol,
            Port=port,
            VpcId=vpc,
            TargetType="ip" if by_address else "alb" if behind else "instance",
        )["TargetGroups"][0]["TargetGroupArn"]
        if row.get("preserve") is not None:
            elb.modify_target_group_attributes(
                TargetGroupArn=made,
                Attributes=[{"Key": "preserve_client_ip.enabled", "Value": str(row["preserve"]).lower()}],
            )
        if targets:
            registered = [{"Id": self.ids.get(target, target), "Port": int(at)} for target, at in own]
            elb.register_targets(TargetGroupArn=made, Targets=registered)
        return str(made)


_images: dict[str, str] = {}


def _image(ec2: Any) -> str:
    """An image to launch from; asked for once, since a listing of all images takes most of a second."""
    where = ec2.meta.endpoint_url
    if where not in _images:
        images = ec2.describe_images(Owners=["amazon"])["Images"] or ec2.describe_images()["Images"]
        _images[where] = images[0]["ImageId"]
    return _images[where]


def _archive() -> bytes:
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return made.getvalue()
