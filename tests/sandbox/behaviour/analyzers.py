"""AWS's own analyzers: the policy simulator, Access Analyzer, Reachability Analyzer, CloudTrail's history."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from tests.sandbox.behaviour.probe import Aws, Differs, gives, policy, probe, refused, same, within

SIMULATOR = "IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy, EvaluationResult"
ANALYZER = "IAM Access Analyzer API reference; IAM User Guide, Access Analyzer policy check reference"
REACH = "EC2 API reference, NetworkInsightsPath, NetworkInsightsAnalysis; Reachability Analyzer guide"
TRAIL = "CloudTrail API reference, LookupEvents; CloudTrail User Guide, CloudTrail record contents"
READ = policy(Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::data/*")
FULL = policy(Effect="Allow", Action="*", Resource="*")
OBJECT = ["arn:aws:s3:::data/a.csv"]


# --- the policy simulator ------------------------------------------------------------------------


def simulated(aws: Aws, *documents: str, action: str = "s3:GetObject", **more: Any) -> dict[str, Any]:
    """The only result of a simulation of some policies."""
    asked = {"PolicyInputList": list(documents), "ActionNames": [action], **more}
    found: dict[str, Any] = aws.iam.simulate_custom_policy(**asked)["EvaluationResults"][0]
    return found


def decision(aws: Aws, *documents: str, **more: Any) -> str:
    """What a simulation decides."""
    found: str = simulated(aws, *documents, **more)["EvalDecision"]
    return found


def deny(**more: Any) -> str:
    return policy(Effect="Deny", Action="s3:*", Resource="*", **more)


def value(key: str, text: str, kind: str = "string") -> dict[str, Any]:
    """A context entry."""
    return {"ContextKeyName": key, "ContextKeyValues": [text], "ContextKeyType": kind}


def by_address(block: str) -> str:
    condition = {"IpAddress": {"aws:SourceIp": block}}
    return policy(Effect="Allow", Action="s3:*", Resource="*", Condition=condition)


SERVICE = "Policy simulator"
gives(SERVICE, "What a policy allows is allowed.", SIMULATOR, "allowed",
      lambda aws: decision(aws, READ, ResourceArns=OBJECT))  # fmt: skip
gives(SERVICE, "What no policy allows is denied implicitly.", SIMULATOR, "implicitDeny",
      lambda aws: decision(aws, READ, action="s3:PutObject", ResourceArns=OBJECT))  # fmt: skip
gives(SERVICE, "A Deny wins over an Allow.", SIMULATOR, "explicitDeny",
      lambda aws: decision(aws, READ, deny(), ResourceArns=OBJECT))  # fmt: skip
gives(SERVICE, "A context entry meets a condition.", SIMULATOR, "allowed",
      lambda aws: decision(aws, by_address("10.0.0.0/8"), ResourceArns=OBJECT,
                           ContextEntries=[value("aws:SourceIp", "10.1.2.3", "ip")]))  # fmt: skip
gives(SERVICE, "A key without a value is a missing context value.", SIMULATOR, ["aws:SourceIp"],
      lambda aws: simulated(aws, by_address("10.0.0.0/8"))["MissingContextValues"])  # fmt: skip
gives(SERVICE, "A boundary that does not allow denies implicitly, and is told.", SIMULATOR,
      ("implicitDeny", {"AllowedByPermissionsBoundary": False}),
      lambda aws: tuple(map(simulated(
          aws, FULL, PermissionsBoundaryPolicyInputList=[policy(Effect="Allow", Action="ec2:*", Resource="*")]
      ).get, ("EvalDecision", "PermissionsBoundaryDecisionDetail"))))  # fmt: skip
refused(SERVICE, "InvalidInput", "An action has no wildcard.", SIMULATOR,
        lambda aws: decision(aws, READ, action="s3:Get*"))  # fmt: skip
refused(SERVICE, "InvalidInput", "A policy is JSON.", SIMULATOR, lambda aws: decision(aws, "{"))
refused(SERVICE, "InvalidInput", "A resource is an ARN.", SIMULATOR,
        lambda aws: decision(aws, READ, ResourceArns=["data"]))  # fmt: skip
refused(SERVICE, "InvalidInput", "A resource's policy needs a caller.", SIMULATOR,
        lambda aws: decision(aws, READ, ResourceArns=OBJECT, ResourcePolicy=deny(Principal="*")))  # fmt: skip
refused(SERVICE, "NoSuchEntity", "A simulated principal is there.", SIMULATOR,
        lambda aws: aws.iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{aws.account_id}:role/nobody",
            ActionNames=["s3:GetObject"]))  # fmt: skip


@probe(SERVICE, SIMULATOR)
def each_resource_has_its_result(aws: Aws) -> None:
    """An action has one result over all resources, the hardest, and each resource its own."""
    arns = [*OBJECT, "arn:aws:s3:::other/a"]
    found = simulated(aws, READ, ResourceArns=arns)
    same(found["EvalDecision"], "implicitDeny")
    each = {one["EvalResourceName"]: one["EvalResourceDecision"] for one in found["ResourceSpecificResults"]}
    same(each, {arns[0]: "allowed", arns[1]: "implicitDeny"})


@probe(SERVICE, SIMULATOR)
def the_statement_is_named(aws: Aws) -> None:
    """The statement that decided is told by its policy and its place."""
    (found,) = simulated(aws, READ, ResourceArns=OBJECT)["MatchedStatements"]
    same(found["SourcePolicyId"], "PolicyInputList.1")
    same(found["StartPosition"], {"Line": 1, "Column": READ.index("[{") + 2})


@probe(SERVICE, SIMULATOR)
def a_role_is_simulated_as_it_is(aws: Aws) -> None:
    """A role's inline and attached policies are simulated, under their names."""
    name = aws.role().rpartition("/")[2]
    aws.iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=READ)
    aws.iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    arn = aws.iam.get_role(RoleName=name)["Role"]["Arn"]
    actions = ["s3:GetObject", "sqs:SendMessage", "s3:DeleteObject"]
    asked = {"PolicySourceArn": arn, "ActionNames": actions, "ResourceArns": ["arn:aws:s3:::data/a"]}
    found = aws.iam.simulate_principal_policy(**asked)["EvaluationResults"]
    same([one["EvalDecision"] for one in found], ["allowed", "allowed", "implicitDeny"])
    names = [one["MatchedStatements"][0]["SourcePolicyId"] for one in found[:2]]
    same(names, ["read", "AmazonSQSFullAccess"])


@probe(SERVICE, SIMULATOR)
def keys_of_policies(aws: Aws) -> None:
    """The keys that policies read are listed."""
    found = aws.iam.get_context_keys_for_custom_policy(PolicyInputList=[by_address("10.0.0.0/8"), READ])
    same(found["ContextKeyNames"], ["aws:SourceIp"])


# --- Access Analyzer -----------------------------------------------------------------------------

SERVICE = "Access Analyzer"


def codes(aws: Aws, document: str, kind: str = "IDENTITY_POLICY", **more: Any) -> list[tuple[str, str]]:
    """The findings about a policy, by type and code."""
    found = aws.accessanalyzer.validate_policy(policyDocument=document, policyType=kind, **more)["findings"]
    return [(one["findingType"], one["issueCode"]) for one in found]


gives(SERVICE, "A policy without a fault has no finding.", ANALYZER, [], lambda aws: codes(aws, READ))
gives(SERVICE, "A text that is no JSON is a syntax error.", ANALYZER, [("ERROR", "JSON_SYNTAX_ERROR")],
      lambda aws: codes(aws, '{"Version":'))  # fmt: skip
gives(SERVICE, "An action that there is not is an error.", ANALYZER, [("ERROR", "INVALID_ACTION")],
      lambda aws: codes(aws, policy(Effect="Allow", Action="s3:GetObjekt", Resource="*")))  # fmt: skip
gives(SERVICE, "Passing every role is a security warning.", ANALYZER,
      [("SECURITY_WARNING", "PASS_ROLE_WITH_STAR_IN_RESOURCE")],
      lambda aws: codes(aws, policy(Effect="Allow", Action="iam:PassRole", Resource="*")))  # fmt: skip
gives(SERVICE, "An action that another covers is a suggestion.", ANALYZER,
      [("SUGGESTION", "REDUNDANT_ACTION")],
      lambda aws: codes(
          aws, policy(Effect="Allow", Action=["sqs:*", "sqs:SendMessage"], Resource="*")))  # fmt: skip
gives(SERVICE, "An identity's policy with a principal is an error.", ANALYZER,
      [("ERROR", "UNSUPPORTED_PRINCIPAL")],
      lambda aws: codes(
          aws, policy(Effect="Allow", Principal="*", Action="sqs:*", Resource="*")))  # fmt: skip


def new_access(aws: Aws, new: str) -> str:
    asked = {"newPolicyDocument": new, "existingPolicyDocument": READ, "policyType": "IDENTITY_POLICY"}
    found: str = aws.accessanalyzer.check_no_new_access(**asked)["result"]
    return found


def not_granted(aws: Aws, **access: list[str]) -> str:
    asked = {"policyDocument": READ, "access": [access], "policyType": "IDENTITY_POLICY"}
    found: str = aws.accessanalyzer.check_access_not_granted(**asked)["result"]
    return found


def not_public(aws: Aws, **more: Any) -> str:
    document = policy(Effect="Allow", Principal="*", Action="s3:*", Resource="arn:aws:s3:::data/*", **more)
    asked = {"policyDocument": document, "resourceType": "AWS::S3::Bucket"}
    found: str = aws.accessanalyzer.check_no_public_access(**asked)["result"]
    return found


gives(SERVICE, "A narrower policy grants no new access.", ANALYZER, "PASS",
      lambda aws: new_access(
          aws, policy(Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::data/p/*")))  # fmt: skip
gives(SERVICE, "A wider policy grants new access.", ANALYZER, "FAIL", lambda aws: new_access(aws, FULL))
gives(SERVICE, "What is not granted passes.", ANALYZER, "PASS",
      lambda aws: not_granted(aws, actions=["s3:DeleteObject"]))  # fmt: skip
gives(SERVICE, "What is granted fails, by action or by resource.", ANALYZER, ["FAIL", "FAIL"],
      lambda aws: [not_granted(aws, actions=["s3:Get*"]), not_granted(aws, resources=OBJECT)])  # fmt: skip
gives(SERVICE, "A grant to everyone is public.", ANALYZER, "FAIL", not_public)
gives(SERVICE, "A grant to an organization is not public.", ANALYZER, "PASS",
      lambda aws: not_public(
          aws, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}))  # fmt: skip
refused(SERVICE, "InvalidParameterException", "A checked policy is JSON.", ANALYZER,
        lambda aws: new_access(aws, "{"))  # fmt: skip
refused(SERVICE, "ResourceNotFoundException", "Findings are an analyzer's.", ANALYZER,
        lambda aws: aws.accessanalyzer.list_findings(
            analyzerArn=f"arn:aws:access-analyzer:us-east-1:{aws.account_id}:analyzer/none"))  # fmt: skip


def analyzer(aws: Aws) -> str:
    """The ARN of the account's analyzer."""
    made: str = aws.accessanalyzer.create_analyzer(analyzerName=aws.name("analyzer"), type="ACCOUNT")["arn"]
    return made


def active(aws: Aws, arn: str) -> list[dict[str, Any]]:
    asked = {"analyzerArn": arn, "filter": {"status": {"eq": ["ACTIVE"]}}}
    found: list[dict[str, Any]] = aws.accessanalyzer.list_findings(**asked)["findings"]
    return found


def outside(aws: Aws) -> str:
    """A role that another account may take."""
    name = aws.name("role")
    principal = {"AWS": "arn:aws:iam::444455556666:root"}
    document = policy(Effect="Allow", Principal=principal, Action="sts:AssumeRole")
    made: str = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return made


@probe(SERVICE, ANALYZER)
def a_shared_role(aws: Aws) -> None:
    """A role that trusts another account is a finding, until it is gone."""
    arn, role = analyzer(aws), outside(aws)
    (found,) = within(30, lambda: active(aws, arn)) or [{}]
    same((found.get("resource"), found.get("isPublic")), (role, False))
    aws.iam.delete_role(RoleName=role.rpartition("/")[2])
    if not within(30, lambda: not active(aws, arn)):
        raise Differs("the finding stays active")
    same(aws.accessanalyzer.get_finding(analyzerArn=arn, id=found["id"])["finding"]["status"], "RESOLVED")


@probe(SERVICE, ANALYZER)
def a_public_topic(aws: Aws) -> None:
    """A topic that everyone may publish to is a public finding."""
    arn, topic = analyzer(aws), aws.topic()
    document = policy(Effect="Allow", Principal="*", Action="sns:Publish", Resource=topic)
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    (found,) = within(30, lambda: active(aws, arn)) or [{}]
    same((found.get("resource"), found.get("isPublic")), (topic, True))
    same(found["principal"], {"AWS": "*"})


@probe(SERVICE, ANALYZER)
def services_are_no_outsiders(aws: Aws) -> None:
    """A role for a service, and what AWS makes by itself, are no findings."""
    arn = analyzer(aws)
    aws.role()
    aws.topic()
    aws.key()
    same(active(aws, arn), [])


refused(SERVICE, "ServiceQuotaExceededException", "A Region has one analyzer of the account.", ANALYZER,
        lambda aws: [analyzer(aws), analyzer(aws)])  # fmt: skip


# --- Reachability Analyzer -----------------------------------------------------------------------

SERVICE = "Reachability Analyzer"


def public_place(aws: Aws) -> tuple[str, str, str]:
    """A gateway, an interface with a public address behind it, and its security group."""
    vpc = aws.vpc()
    gateway, subnet, group = aws.gateway(vpc), aws.subnet(vpc), aws.group(vpc)
    table = aws.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    number = table["RouteTableId"]
    aws.ec2.create_route(RouteTableId=number, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    made = aws.ec2.create_network_interface(SubnetId=subnet, Groups=[group])
    interface: str = made["NetworkInterface"]["NetworkInterfaceId"]
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    aws.ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
    return gateway, interface, group


def let_in(aws: Aws, group: str, port: int) -> None:
    """Let everyone in by a port."""
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])


def analysis(aws: Aws, **path: Any) -> dict[str, Any]:
    """A path's analysis, done."""
    made = aws.ec2.create_network_insights_path(Protocol="tcp", **path)["NetworkInsightsPath"]
    begun = aws.ec2.start_network_insights_analysis(NetworkInsightsPathId=made["NetworkInsightsPathId"])
    wanted = [begun["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]]

    def done() -> Any:
        found = aws.ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=wanted)
        one = found["NetworkInsightsAnalyses"][0]
        return one if one["Status"] != "running" else None

    found: dict[str, Any] = within(120, done) or {"Status": "running"}
    same(found["Status"], "succeeded")
    return found


@probe(SERVICE, REACH)
def a_group_that_blocks(aws: Aws) -> None:
    """A path that a security group stops is not found, and the group is the explanation."""
    gateway, interface, group = public_place(aws)
    found = analysis(aws, Source=gateway, Destination=interface, DestinationPort=443)
    same(found["NetworkPathFound"], False)
    blocking = {
        one.get("SecurityGroup", {}).get("Id")
        for one in found["Explanations"]
        if one["ExplanationCode"] == "ENI_SG_RULES_MISMATCH"
    }
    same(blocking, {group})


@probe(SERVICE, REACH)
def a_path_that_is_open(aws: Aws) -> None:
    """A path that is open is told from the gateway to the interface, and back."""
    gateway, interface, group = public_place(aws)
    let_in(aws, group, 443)
    found = analysis(aws, Source=gateway, Destination=interface, DestinationPort=443)
    same(found["NetworkPathFound"], True)
    way = [hop["Component"]["Id"] for hop in found["ForwardPathComponents"]]
    same((way[0], way[-1], group in way), (gateway, interface, True))
    same(found["ReturnPathComponents"][-1]["Component"]["Id"], gateway)


@probe(SERVICE, REACH)
def a_missing_route(aws: Aws) -> None:
    """Without a route back to the gateway there is no path."""
    gateway, interface, group = public_place(aws)
    let_in(aws, group, 443)
    card = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
    filters = [{"Name": "vpc-id", "Values": [card["VpcId"]]}]
    table = aws.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    aws.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    found = analysis(aws, Source=gateway, Destination=interface, DestinationPort=443)
    same(found["NetworkPathFound"], False)


refused(SERVICE, "NetworkInsightsSource.NotFound", "A path's source is there.", REACH,
        lambda aws: analysis(aws, Source="i-0123456789abcdef0", DestinationIp="192.0.2.1"))  # fmt: skip
refused(SERVICE, "InvalidNetworkInsightsPathId.NotFound", "An analysed path is there.", REACH,
        lambda aws: aws.ec2.start_network_insights_analysis(
            NetworkInsightsPathId="nip-0123456789abcdef0"))  # fmt: skip
refused(SERVICE, "InvalidNetworkInsightsAnalysisId.NotFound", "A deleted analysis is there.", REACH,
        lambda aws: aws.ec2.delete_network_insights_analysis(
            NetworkInsightsAnalysisId="nia-0123456789abcdef0"))  # fmt: skip


@probe(SERVICE, REACH, refused="AnalysisExistsForNetworkInsightsPath")
def a_path_with_analyses(aws: Aws) -> None:
    """A path is deleted once its analyses are gone."""
    gateway, interface, _ = public_place(aws)
    found = analysis(aws, Source=gateway, Destination=interface)
    aws.ec2.delete_network_insights_path(NetworkInsightsPathId=found["NetworkInsightsPathId"])


# --- CloudTrail's event history ------------------------------------------------------------------

SERVICE = "CloudTrail"


def events(aws: Aws, key: str, text: str) -> list[dict[str, Any]]:
    """The events with an attribute; CloudTrail has them within minutes."""
    asked = {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": text}]}
    found: list[dict[str, Any]] = within(900, lambda: aws.cloudtrail.lookup_events(**asked)["Events"])
    return found


@probe(SERVICE, TRAIL)
def a_new_bucket_is_an_event(aws: Aws) -> None:
    """A bucket that is made is an event with its user, resource and record."""
    name = aws.bucket()
    found = events(aws, "ResourceName", name)[0]
    same((found["EventName"], found["EventSource"], found["ReadOnly"]),
         ("CreateBucket", "s3.amazonaws.com", "false"))  # fmt: skip
    record = json.loads(found["CloudTrailEvent"])
    same((record["eventName"], record["requestParameters"]["bucketName"]), ("CreateBucket", name))
    same(record["eventID"], found["EventId"])


@probe(SERVICE, TRAIL)
def functions_events_have_dates(aws: Aws) -> None:
    """Lambda's events bear the date of their API."""
    aws.function()
    same(events(aws, "EventName", "CreateFunction20150331")[0]["EventSource"], "lambda.amazonaws.com")


@probe(SERVICE, TRAIL)
def a_denied_call_is_an_event(aws: Aws) -> None:
    """A call that is refused is an event with its error."""
    with suppress(aws.iam.exceptions.NoSuchEntityException):
        aws.iam.get_role(RoleName="nobody")
    record = json.loads(events(aws, "EventName", "GetRole")[0]["CloudTrailEvent"])
    same((record["errorCode"], record["readOnly"]), ("NoSuchEntityException", True))


@probe(SERVICE, TRAIL)
def data_is_no_event(aws: Aws) -> None:
    """Objects that are written and read are no events of the history."""
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    aws.s3.get_object(Bucket=bucket, Key="a")
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    found = within(900, lambda: events(aws, "EventName", "PutBucketVersioning"))
    same(len(found), 1)
    names = {one["EventName"] for one in aws.cloudtrail.lookup_events()["Events"]}
    same(names & {"PutObject", "GetObject"}, set())


refused(SERVICE, "InvalidLookupAttributesException", "A lookup has one attribute.", TRAIL,
        lambda aws: aws.cloudtrail.lookup_events(LookupAttributes=[
            {"AttributeKey": "EventName", "AttributeValue": "A"},
            {"AttributeKey": "Username", "AttributeValue": "B"}]))  # fmt: skip
refused(SERVICE, "InvalidTimeRangeException", "A lookup's times are in order.", TRAIL,
        lambda aws: aws.cloudtrail.lookup_events(StartTime=1_800_000_000, EndTime=1_700_000_000))  # fmt: skip
refused(SERVICE, "InvalidMaxResultsException", "A page has 50 events.", TRAIL,
        lambda aws: aws.cloudtrail.lookup_events(MaxResults=51))  # fmt: skip
