"""An account's monthly estimate: what is there, times the table."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cloudlings.cost import Estimate, Usage, estimate


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def vpc(session: boto3.Session) -> dict[str, Any]:
    ec2 = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    return {"ec2": ec2, "vpc": vpc, "subnets": subnets}


def lines(made: Estimate, service: str) -> list[float]:
    return [round(line.usd, 2) for line in made.lines if line.service == service]


def test_an_empty_account_costs_nothing(session: boto3.Session) -> None:
    """A VPC, its subnets and gateways are free; nothing else is there."""
    made = estimate(session)
    assert made.usd == 0
    assert made.complete
    assert "Traffic is not counted" in str(made)


def test_a_nat_gateway_brings_its_hours_and_its_address(session: boto3.Session, vpc: dict[str, Any]) -> None:
    """$32.85 and $3.65 a month before a byte passes; traffic is added when told."""
    allocation = vpc["ec2"].allocate_address(Domain="vpc")["AllocationId"]
    vpc["ec2"].create_nat_gateway(SubnetId=vpc["subnets"][0], AllocationId=allocation)
    made = estimate(session)
    assert lines(made, "nat") == [32.85]
    assert lines(made, "ipv4") == [3.65]
    assert estimate(session, Usage(nat_gb=100)).usd - made.usd == pytest.approx(4.5)


def test_a_deleted_nat_gateway_costs_nothing_but_its_address_does(
    session: boto3.Session, vpc: dict[str, Any]
) -> None:
    """An Elastic IP address that nobody uses stays on the bill."""
    allocation = vpc["ec2"].allocate_address(Domain="vpc")["AllocationId"]
    nat = vpc["ec2"].create_nat_gateway(SubnetId=vpc["subnets"][0], AllocationId=allocation)["NatGateway"]
    vpc["ec2"].delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
    made = estimate(session)
    assert lines(made, "nat") == []
    assert lines(made, "ipv4") == [3.65]


def test_an_interface_endpoint_is_charged_in_each_zone(session: boto3.Session, vpc: dict[str, Any]) -> None:
    """Two subnets: twice $7.30; the gateway endpoint beside it is free."""
    for kind, service, more in (
        ("Interface", "secretsmanager", {"SubnetIds": vpc["subnets"]}),
        ("Gateway", "s3", {}),
    ):
        vpc["ec2"].create_vpc_endpoint(
            VpcId=vpc["vpc"], VpcEndpointType=kind, ServiceName=f"com.amazonaws.us-east-1.{service}", **more
        )
    assert sorted(lines(estimate(session), "endpoint")) == [0.0, 14.6]


def test_a_load_balancer_on_the_internet_brings_an_address_per_zone(
    session: boto3.Session, vpc: dict[str, Any]
) -> None:
    """The hour's price, and one public address in each of its two zones."""
    elb = session.client("elbv2")
    elb.create_load_balancer(Name="web", Subnets=vpc["subnets"], Type="application", Scheme="internet-facing")
    made = estimate(session)
    assert lines(made, "lb") == [16.43]
    assert lines(made, "ipv4") == [7.3]


def test_instances_pay_by_type_and_volumes_by_size(session: boto3.Session, vpc: dict[str, Any]) -> None:
    """A stopped instance's hours end; its volume is paid on."""
    image = vpc["ec2"].describe_images()["Images"][0]["ImageId"]
    ids = [
        vpc["ec2"].run_instances(
            ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=vpc["subnets"][0]
        )["Instances"][0]["InstanceId"]
        for _ in range(2)
    ]
    vpc["ec2"].stop_instances(InstanceIds=ids[:1])
    made = estimate(session)
    assert lines(made, "ec2") == [7.59]
    assert len(lines(made, "ebs")) == 2
    assert made.complete


def test_a_type_without_a_price_makes_the_estimate_incomplete(
    session: boto3.Session, vpc: dict[str, Any]
) -> None:
    """What has no known price is a line that says so, never zero in silence."""
    image = vpc["ec2"].describe_images()["Images"][0]["ImageId"]
    vpc["ec2"].run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="p4d.24xlarge", SubnetId=vpc["subnets"][0]
    )
    made = estimate(session)
    assert not made.complete
    assert "no price known" in str(made)
    assert "and more" in str(made)


def test_a_multi_az_database_is_paid_twice(session: boto3.Session) -> None:
    """The standby costs as much as the primary, storage included."""
    rds = session.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="orders",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        StorageType="gp3",
        MultiAZ=True,
        MasterUsername="learner",
        MasterUserPassword="not-a-secret",
        PubliclyAccessible=False,
    )
    assert lines(estimate(session), "rds") == [23.36, 4.6]


def test_stored_objects_are_summed_by_class(session: boto3.Session) -> None:
    """Each bucket tells its GB by storage class."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="a", Body=b"x" * 1024)
    s3.put_object(Bucket="reports", Key="b", Body=b"x" * 2048, StorageClass="GLACIER_IR")
    stored = {line.what: line.quantity for line in estimate(session).lines if line.service == "s3"}
    assert stored == {"STANDARD storage": 1024 / 2**30, "GLACIER_IR storage": 2048 / 2**30}


def test_services_that_a_sandbox_lacks_can_be_left_out(session: boto3.Session) -> None:
    """No client of a service that was left out is made."""

    class OnlyEc2:
        def client(self, service_name: str) -> Any:
            assert service_name == "ec2"
            return session.client(service_name)

    assert estimate(OnlyEc2(), services=["ec2"]).usd == 0
