"""EC2's Reachability Analyzer on its real API: paths, analyses, and the engine's answers in AWS's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.model import Call, Request
from cloudlings.sandbox.own import network_insights
from cloudlings.sandbox.own.registry import Handling
from tests.sandbox.own.reaching import CASES, analysed, differences, gap


@pytest.fixture
def ec2(learner: boto3.Session) -> Any:
    """The learner's EC2 client."""
    return learner.client("ec2")


@pytest.fixture
def shop(ec2: Any) -> dict[str, str]:
    """An instance with a public address in a public subnet; its group has no inbound rule."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    card = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": True}
    made = ec2.run_instances(
        ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[card]
    )
    return {"gateway": gateway, "group": group, "instance": made["Instances"][0]["InstanceId"]}


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    """An error's code."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    code: str = caught.value.response["Error"]["Code"]
    return code


def open_ports(ec2: Any, group: str, first: int, last: int) -> None:
    """Let everyone in by some ports."""
    rule = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def test_a_blocked_path_names_what_blocks_it_and_an_open_one_its_way(ec2: Any, shop: dict[str, str]) -> None:
    """Without an inbound rule the group is the explanation; with one the way leads from the gateway in."""
    path = {"Source": shop["gateway"], "Destination": shop["instance"], "Protocol": "tcp"}
    found = analysed(ec2, **path, DestinationPort=443)
    assert (found["Status"], found["NetworkPathFound"]) == ("succeeded", False)
    blocked = next(e for e in found["Explanations"] if e["ExplanationCode"] == "ENI_SG_RULES_MISMATCH")
    assert blocked["SecurityGroup"]["Id"] == shop["group"]
    assert blocked["SecurityGroup"]["Arn"].endswith(f":security-group/{shop['group']}")
    open_ports(ec2, shop["group"], 443, 443)
    found = analysed(ec2, **path, DestinationPort=443)
    assert found["NetworkPathFound"]
    way = found["ForwardPathComponents"]
    assert [hop["SequenceNumber"] for hop in way] == list(range(1, len(way) + 1))
    assert (way[0]["Component"]["Id"], way[-1]["Component"]["Id"]) == (shop["gateway"], shop["instance"])
    assert way[-2]["Component"]["Id"].startswith("eni-")
    assert way[-2]["AttachedTo"]["Id"] == shop["instance"]
    assert found["ReturnPathComponents"][-1]["Component"]["Id"] == shop["gateway"]
    assert not analysed(ec2, **path, DestinationPort=22)["NetworkPathFound"]


def test_a_filter_at_the_source_may_be_a_range_of_ports(ec2: Any, shop: dict[str, str]) -> None:
    """One open port of the range is a way."""
    open_ports(ec2, shop["group"], 8080, 8080)
    path = {"Source": shop["gateway"], "Destination": shop["instance"], "Protocol": "tcp"}
    ranges = {(8000, 9000): True, (8081, 9000): False}
    for (first, last), expected in ranges.items():
        at_source = {"DestinationPortRange": {"FromPort": first, "ToPort": last}}
        assert analysed(ec2, **path, FilterAtSource=at_source)["NetworkPathFound"] is expected


def test_what_is_not_decided_fails_and_is_named(ec2: Any, shop: dict[str, str]) -> None:
    """An analysis that the engine cannot decide has failed, and says what is open."""
    at_source = {"SourcePortRange": {"FromPort": 1, "ToPort": 1023}}
    path = {"Source": shop["gateway"], "Destination": shop["instance"], "Protocol": "tcp"}
    found = analysed(ec2, **path, FilterAtSource=at_source)
    assert found["Status"] == "failed"
    assert "source ports" in found["StatusMessage"]


def test_a_path_is_kept_until_its_analyses_are_gone(ec2: Any, shop: dict[str, str]) -> None:
    """Paths and analyses are described, filtered and deleted; a path last."""
    asked = {"Source": shop["instance"], "DestinationIp": "192.0.2.1", "Protocol": "udp"}
    tags = [{"ResourceType": "network-insights-path", "Tags": [{"Key": "Name", "Value": "dns"}]}]
    found = analysed(ec2, **asked, DestinationPort=53, TagSpecifications=tags)
    id_, path_id = found["NetworkInsightsAnalysisId"], found["NetworkInsightsPathId"]
    paths = ec2.describe_network_insights_paths(Filters=[{"Name": "tag:Name", "Values": ["dns"]}])
    (path,) = paths["NetworkInsightsPaths"]
    assert (path["NetworkInsightsPathId"], path["DestinationIp"], path["DestinationPort"]) == (
        path_id,
        "192.0.2.1",
        53,
    )
    assert path["SourceArn"].endswith(f":instance/{shop['instance']}")
    by_path = ec2.describe_network_insights_analyses(NetworkInsightsPathId=path_id)
    assert [each["NetworkInsightsAnalysisId"] for each in by_path["NetworkInsightsAnalyses"]] == [id_]
    code = refusal(ec2.delete_network_insights_path, NetworkInsightsPathId=path_id)
    assert code == "AnalysisExistsForNetworkInsightsPath"
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=id_)
    ec2.delete_network_insights_path(NetworkInsightsPathId=path_id)
    code = refusal(ec2.describe_network_insights_paths, NetworkInsightsPathIds=[path_id])
    assert code == "InvalidNetworkInsightsPathId.NotFound"
    code = refusal(ec2.delete_network_insights_analysis, NetworkInsightsAnalysisId=id_)
    assert code == "InvalidNetworkInsightsAnalysisId.NotFound"


def test_what_is_no_path(ec2: Any, shop: dict[str, str]) -> None:
    """Ends that are not there or cannot be ends, and parameters that exclude each other, are refused."""
    create = ec2.create_network_insights_path
    good = {"Source": shop["gateway"], "Destination": shop["instance"], "Protocol": "tcp"}
    filtered = {"FilterAtSource": {"DestinationPortRange": {"FromPort": 1, "ToPort": 2}}}
    expected = {
        "NetworkInsightsSource.NotFound": {**good, "Source": "i-0123456789abcdef0"},
        "NetworkInsightsDestination.NotFound": {**good, "Destination": "eni-0123456789abcdef0"},
        "InvalidParameterValue": {**good, "Source": shop["group"]},
        "InvalidParameterCombination": {**good, **filtered, "DestinationPort": 80},
        "MissingParameter": {"Source": shop["gateway"], "Protocol": "tcp"},
        "DryRunOperation": {**good, "DryRun": True},
    }
    assert {code: refusal(create, **asked) for code, asked in expected.items()} == {c: c for c in expected}


def test_the_same_token_is_the_same_path(ec2: Any, shop: dict[str, str]) -> None:
    """A request repeated with its token makes no second path, and another request may not have its token."""
    good = {"Source": shop["gateway"], "Destination": shop["instance"], "Protocol": "tcp"}
    made = [ec2.create_network_insights_path(**good, ClientToken="t")["NetworkInsightsPath"] for _ in "ab"]
    assert made[0]["NetworkInsightsPathId"] == made[1]["NetworkInsightsPathId"]
    other = {**good, "DestinationPort": 1, "ClientToken": "t"}
    assert refusal(ec2.create_network_insights_path, **other) == "IdempotentParameterMismatch"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not gap(case)][::25])
def test_a_case_comes_out_of_the_analyzer_as_of_the_engine(sandbox: Sandbox, name: str) -> None:
    """A network case, built in an account and asked through Network Insights, has the engine's answer."""
    assert differences(sandbox, CASES[name]) == []


class Kept:
    """The services that a handler is lent: what is kept, and the work that was begun."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept
        self.begun: list[Any] = []

    def kept(self, account_id: str) -> dict[str, Any]:
        """What is kept of the one account."""
        return self._kept if account_id else {}

    def begin(self, work: Any) -> None:
        """Note the work, and leave it."""
        self.begun.append(work)
        work.close()


def test_an_analysis_that_a_stop_cut_off_is_carried_out_again() -> None:
    """An analysis that is kept as running, and that nobody carries out, is begun when it is looked at."""
    path = {"NetworkInsightsPathId": "nip-1", "Source": "i-1", "Destination": "i-2", "Protocol": "tcp"}
    running = {
        "NetworkInsightsAnalysisId": "nia-cut-off",
        "NetworkInsightsPathId": "nip-1",
        "Status": "running",
        "StartDate": 1_700_000_000.0,
    }
    kept = {
        "network-insights-paths": {"nip-1": path},
        "network-insights-analyses": {"nia-cut-off": running},
    }
    services = Kept({"ec2/us-east-1": kept})
    form = b"Action=DescribeNetworkInsightsAnalyses&Version=2016-11-15"
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/", "", headers, form)
    call = Call(request, "ec2", "DescribeNetworkInsightsAnalyses", "us-east-1", None, "111122223333")
    for _ in range(2):
        network_insights.describe_analyses(Handling(call, None, None, services=services))  # type: ignore[arg-type]
    assert len(services.begun) == 1
