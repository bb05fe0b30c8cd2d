"""moto's answers are written quicker, and are the same to the byte."""

from __future__ import annotations

import re

import boto3
import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.core.serialize import EC2Serializer, ResponseSerializer

from cloudlings.sandbox.emulators import moto_answers

_LISTINGS = (
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_route_tables", {}),
    ("ec2", "describe_network_acls", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_security_group_rules", {}),
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_network_interfaces", {}),
    ("ec2", "describe_volumes", {}),
    ("ec2", "describe_images", {"ExecutableUsers": ["self"]}),
    ("ec2", "describe_nat_gateways", {}),
    ("rds", "describe_db_instances", {}),
    ("rds", "describe_db_subnet_groups", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("elbv2", "describe_target_groups", {}),
    ("autoscaling", "describe_auto_scaling_groups", {}),
)

_TEXTS = st.one_of(
    st.none(), st.booleans(), st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.integers()
)
_NAMES = st.sampled_from(["item", "vpcId", "tagSet", "state"])
_BODIES = st.recursive(
    st.dictionaries(_NAMES, st.one_of(_TEXTS, st.lists(_TEXTS, max_size=3)), max_size=3),
    lambda inner: st.dictionaries(_NAMES, st.one_of(inner, st.lists(inner, max_size=3)), max_size=3),
    max_leaves=8,
)


@pytest.fixture
def quicker(monkeypatch):
    """Puts the quicker ways into moto when called; moto has its own again after the test."""
    monkeypatch.setattr(ResponseSerializer, "get_value", ResponseSerializer.get_value)
    monkeypatch.setattr(EC2Serializer, "_serialize_body", EC2Serializer._serialize_body)
    return moto_answers.apply


def _furnish():
    """A small account with something of each kind in it."""
    ec2 = boto3.client("ec2", region_name="us-east-1")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name <&>", "Value": "a \"b\" 'c'"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]
        for n, zone in enumerate("ab")
    ]
    ids = [subnet["SubnetId"] for subnet in subnets]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=ids[0], InstanceType="t3.micro")
    ec2.create_nat_gateway(SubnetId=ids[0], AllocationId=ec2.allocate_address()["AllocationId"])
    rds = boto3.client("rds", region_name="us-east-1")
    rds.create_db_subnet_group(DBSubnetGroupName="two", DBSubnetGroupDescription="x", SubnetIds=ids)
    rds.create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t4g.micro", Engine="postgres", DBSubnetGroupName="two"
    )
    elb = boto3.client("elbv2", region_name="us-east-1")
    elb.create_load_balancer(Name="front", Subnets=ids)
    elb.create_target_group(Name="targets", Protocol="HTTP", Port=80, VpcId=vpc)
    template = ec2.create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    boto3.client("autoscaling", region_name="us-east-1").create_auto_scaling_group(
        AutoScalingGroupName="fleet",
        MinSize=1,
        MaxSize=2,
        LaunchTemplate={"LaunchTemplateId": template},
        VPCZoneIdentifier=",".join(ids),
    )


def _bodies():
    """What moto answers to each listing, as it goes over the wire, without the request's own id and time."""
    found = {}
    for service, operation, parameters in _LISTINGS:
        client = boto3.client(service, region_name="us-east-1")
        client.meta.events.register(
            "before-parse",
            lambda response_dict, key=(service, operation), **_: found.update({key: response_dict["body"]}),
        )
        getattr(client, operation)(**parameters)
    passing = rb"(?i)<(requestid|latestrestorabletime)>[^<]*</"
    return {key: re.sub(passing, b"", body) for key, body in found.items()}


def test_answers_are_the_same_to_the_byte(quicker):
    """Listings of four services hold what moto writes by itself, in its order."""
    with mock_aws():
        _furnish()
        by_itself = _bodies()
        quicker()
        assert _bodies() == by_itself
    assert all(len(body) > 150 for body in by_itself.values())


@given(_BODIES)
def test_xml_is_what_xmltodict_writes(body):
    """Any mapping that a serializer may make is written like xmltodict does."""
    expected = xmltodict.unparse({"R": {"@xmlns": "http://a", **body}}, short_empty_elements=True)
    written = "".join(moto_answers._written({"R": {"@xmlns": "http://a", **body}}))
    assert moto_answers._HEAD + written == expected


@pytest.mark.parametrize("value", [[["nested"]], object(), {"#text": "x"}, {"@a": 'quoted "x"'}])
def test_what_is_unusual_is_left_to_moto(value):
    """Nothing is written that moto might write otherwise."""
    with pytest.raises(moto_answers._UnusualError):
        list(moto_answers._written({"R": {"x": value}}))
