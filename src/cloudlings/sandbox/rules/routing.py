"""Route tables, gateways, NAT and addresses."""

from __future__ import annotations

from typing import Any

from cloudlings.sandbox.rules.common import interfaces, network, one, where
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape


@before("ec2", "AttachInternetGateway")
async def one_gateway_a_network(given: Given) -> Refusal | None:
    """A VPC has one internet gateway.

    Source: VPC User Guide, "Internet gateways"; EC2 API reference, AttachInternetGateway.
    """
    vpc = given.input.get("VpcId", "")
    own = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    if (await given.read("DescribeInternetGateways", Filters=own)).get("InternetGateways"):
        message = f"Network {vpc} already has an internet gateway attached"
        return Refusal("InvalidParameterValue", message)
    return None


@before("ec2", "DetachInternetGateway")
async def public_addresses_need_the_gateway(given: Given) -> Refusal | None:
    """A gateway stays while its VPC has public addresses mapped.

    Source: EC2 API reference, DetachInternetGateway: no running instances with Elastic IP or public
    IPv4 addresses; Error codes, DependencyViolation.
    """
    vpc = given.input.get("VpcId", "")
    nats = (await given.read("DescribeNatGateways", Filter=where(vpc_id=vpc))).get("NatGateways", [])
    public = [n for n in nats if n.get("State") == "available" and n.get("ConnectivityType") != "private"]
    mapped = [i for i in await interfaces(given, vpc_id=vpc) if i.get("Association", {}).get("PublicIp")]
    if public or mapped:
        message = (
            f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) "
            "before detaching the gateway."
        )
        return Refusal("DependencyViolation", message)
    return None


@before("ec2", "CreateRoute", "ReplaceRoute")
async def route_that_leads_somewhere(given: Given) -> Refusal | None:
    """A route leads to a gateway of its own VPC, and a part of the VPC's own block to no gateway.

    Source: VPC User Guide, "Route table concepts" (routes more specific than the local route);
    EC2 API reference, CreateRoute.
    """
    asked = given.input
    name, gateway = asked.get("RouteTableId", ""), str(asked.get("GatewayId", ""))
    table = await one(given, "DescribeRouteTables", "RouteTables", RouteTableIds=[name])
    if not table or not gateway.startswith("igw-"):
        return None
    found = await one(given, "DescribeInternetGateways", "InternetGateways", InternetGatewayIds=[gateway])
    if found and table["VpcId"] not in {a.get("VpcId") for a in found.get("Attachments", [])}:
        message = f"route table {name} and network gateway {gateway} belong to different networks"
        return Refusal("InvalidParameterValue", message)
    vpc = await one(given, "DescribeVpcs", "Vpcs", VpcIds=[table["VpcId"]])
    own, wanted = network(vpc.get("CidrBlock")), network(asked.get("DestinationCidrBlock"))
    if own and wanted and wanted.subnet_of(own):
        message = (
            f"The destination CIDR block {wanted} is equal to or more specific than one of this VPC's CIDR "
            "blocks. This route can target only an interface or an instance."
        )
        return Refusal("InvalidParameterValue", message)
    return None


@before("ec2", "DeleteRoute")
async def local_route_stays(given: Given) -> Refusal | None:
    """The local route is never deleted.

    Source: VPC User Guide, "Route table concepts": you can't delete the local route.
    """
    asked = given.input
    name, families = asked.get("RouteTableId", ""), ("DestinationCidrBlock", "DestinationIpv6CidrBlock")
    block = next((asked[family] for family in families if asked.get(family)), None)
    table = await one(given, "DescribeRouteTables", "RouteTables", RouteTableIds=[name])
    for route in table.get("Routes", []):
        local = [route[family] for family in families if route.get(family)]
        if route.get("GatewayId") == "local" and block in local:
            return Refusal(
                "InvalidParameterValue", f"cannot remove local route {block} in route table {name}"
            )
    return None


@before("ec2", "DeleteRouteTable")
async def table_in_use(given: Given) -> Refusal | None:
    """A table that subnets have stays, and the main table always.

    Source: EC2 API reference, DeleteRouteTable: you can't delete the main route table.
    """
    name = given.input.get("RouteTableId", "")
    table = await one(given, "DescribeRouteTables", "RouteTables", RouteTableIds=[name])
    if table.get("Associations"):
        message = f"The routeTable '{name}' has dependencies and cannot be deleted."
        return Refusal("DependencyViolation", message)
    return None


@before("ec2", "AssociateRouteTable")
async def one_table_a_subnet(given: Given) -> Refusal | None:
    """A subnet has one route table at a time; the table is of its VPC.

    Source: VPC User Guide, "Route table concepts"; Error codes, Resource.AlreadyAssociated.
    """
    subnet, name = given.input.get("SubnetId"), given.input.get("RouteTableId", "")
    if not subnet:
        return None
    own = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for table in (await given.read("DescribeRouteTables", Filters=own)).get("RouteTables", []):
        links = [link for link in table["Associations"] if link.get("SubnetId") == subnet]
        if links and table["RouteTableId"] != name:
            link = links[0]["RouteTableAssociationId"]
            message = f"the specified association for route table {table['RouteTableId']} conflicts with "
            return Refusal("Resource.AlreadyAssociated", f"{message}an existing association ({link})")
    table = await one(given, "DescribeRouteTables", "RouteTables", RouteTableIds=[name])
    place = await one(given, "DescribeSubnets", "Subnets", SubnetIds=[subnet])
    if table and place and table["VpcId"] != place["VpcId"]:
        message = f"Route table {name} and subnet {subnet} belong to different networks"
        return Refusal("InvalidParameterValue", message)
    return None


@before("ec2", "DisassociateRouteTable")
async def main_association_stays(given: Given) -> Refusal | None:
    """A main association is replaced, never taken away.

    Source: EC2 API reference, ReplaceRouteTableAssociation and DisassociateRouteTable.
    """
    name = given.input.get("AssociationId", "")
    for table in (await given.read("DescribeRouteTables")).get("RouteTables", []):
        for link in table.get("Associations", []):
            if link.get("RouteTableAssociationId") == name and link.get("Main"):
                message = f"cannot disassociate the main route table association {name}"
                return Refusal("InvalidParameterValue", message)
    return None


@reshape("ec2", "DescribeRouteTables")
async def black_holes(given: Given, output: Output) -> None:
    """A route whose target is gone, or not attached, is a black hole.

    Source: EC2 API reference, Route, State: the specified gateway isn't attached to the VPC, the NAT
    gateway was terminated, and so on.
    """
    routes = [(t["VpcId"], route) for t in output.get("RouteTables", []) for route in t.get("Routes", [])]
    kinds = {kind for _, route in routes for kind in _TARGETS if route.get(kind)}
    living = {kind: await _TARGETS[kind](given) for kind in kinds}
    for vpc, route in routes:
        for kind in _TARGETS:
            target = route.get(kind, "")
            if kind == "GatewayId" and not target.startswith("igw-"):
                continue
            if target and (target, vpc) not in living[kind] and (target, "") not in living[kind]:
                route["State"] = "blackhole"


async def _nats(given: Given) -> set[tuple[str, str]]:
    found = (await given.read("DescribeNatGateways")).get("NatGateways", [])
    return {(n["NatGatewayId"], "") for n in found if n.get("State") not in ("deleted", "deleting", "failed")}


async def _gateways(given: Given) -> set[tuple[str, str]]:
    found = (await given.read("DescribeInternetGateways")).get("InternetGateways", [])
    return {(g["InternetGatewayId"], a.get("VpcId", "")) for g in found for a in g.get("Attachments", [])}


async def _peerings(given: Given) -> set[tuple[str, str]]:
    found = (await given.read("DescribeVpcPeeringConnections")).get("VpcPeeringConnections", [])
    return {(p["VpcPeeringConnectionId"], "") for p in found if p["Status"]["Code"] == "active"}


async def _cards(given: Given) -> set[tuple[str, str]]:
    return {(i["NetworkInterfaceId"], "") for i in await interfaces(given)}


_TARGETS = {
    "NatGatewayId": _nats,
    "GatewayId": _gateways,
    "VpcPeeringConnectionId": _peerings,
    "NetworkInterfaceId": _cards,
}


@before("ec2", "CreateNatGateway")
async def address_of_a_nat(given: Given) -> Refusal | None:
    """A public NAT gateway needs an Elastic IP address of its own; a private one takes none.

    Source: EC2 API reference, CreateNatGateway, AllocationId: required for public NAT gateways.
    """
    asked = given.input
    private = asked.get("ConnectivityType") == "private"
    address = asked.get("AllocationId")
    if private and address:
        message = "An AllocationId cannot be specified for a private NAT gateway."
        return Refusal("InvalidParameterCombination", message)
    regional = asked.get("AvailabilityMode") == "regional"
    if not private and not address and not regional:
        message = (
            "The request must include the AllocationId parameter. Add "
            "the required parameter and retry the request."
        )
        return Refusal("MissingParameter", message)
    own = await one(given, "DescribeAddresses", "Addresses", AllocationIds=[address]) if address else {}
    if own.get("AssociationId"):
        message = f"Elastic IP address [{address}] is already associated"
        return Refusal("Resource.AlreadyAssociated", message)
    return None


@reshape("ec2", "DescribeNatGateways")
async def nat_without_a_way_out(given: Given, output: Output) -> None:
    """A public NAT gateway in a VPC without an internet gateway fails.

    Source: VPC User Guide, "Troubleshoot NAT gateways", NAT gateway creation fails (Gateway.NotAttached).
    """
    attached = {vpc for _, vpc in await _gateways(given)}
    for nat in output.get("NatGateways", []):
        private = nat.get("ConnectivityType") == "private"
        if not private and nat.get("State") == "available" and nat.get("VpcId") not in attached:
            nat["State"], nat["FailureCode"] = "failed", "Gateway.NotAttached"
            nat["FailureMessage"] = f"Network {nat['VpcId']} has no Internet gateway attached"


@before("ec2", "AssociateAddress")
async def address_needs_a_gateway(given: Given) -> Refusal | None:
    """An Elastic IP address is mapped in a VPC with an internet gateway only, and to one thing at a time.

    Source: EC2 API reference, Error codes, Gateway.NotAttached and Resource.AlreadyAssociated.
    """
    asked = given.input
    vpc = await _vpc_of(given, asked)
    if vpc and vpc not in {name for _, name in await _gateways(given)}:
        return Refusal("Gateway.NotAttached", f"Network {vpc} is not attached to any internet gateway")
    address = asked.get("AllocationId")
    own = await one(given, "DescribeAddresses", "Addresses", AllocationIds=[address]) if address else {}
    if own.get("AssociationId") and asked.get("AllowReassociation") is False:
        message = f"resource {address} is already associated with associate-id {own['AssociationId']}"
        return Refusal("Resource.AlreadyAssociated", message)
    return None


async def _vpc_of(given: Given, asked: dict[str, Any]) -> str:
    if asked.get("NetworkInterfaceId"):
        named = {"NetworkInterfaceIds": [asked["NetworkInterfaceId"]]}
        card = await one(given, "DescribeNetworkInterfaces", "NetworkInterfaces", **named)
        return str(card.get("VpcId", ""))
    if asked.get("InstanceId"):
        found = await one(given, "DescribeInstances", "Reservations", InstanceIds=[asked["InstanceId"]])
        return str((found.get("Instances") or [{}])[0].get("VpcId", ""))
    return ""


@before("ec2", "ReleaseAddress")
async def address_in_use(given: Given) -> Refusal | None:
    """An address is released once nothing has it.

    Source: EC2 API reference, ReleaseAddress (InvalidIPAddress.InUse).
    """
    name = given.input.get("AllocationId")
    own = await one(given, "DescribeAddresses", "Addresses", AllocationIds=[name]) if name else {}
    if own.get("AssociationId"):
        message = f"The address with allocation id [{name}] cannot be released because it is in use."
        return Refusal("InvalidIPAddress.InUse", message)
    return None


# Of the services that AWS PrivateLink reaches, those that the course could want.
_ENDPOINTS = [
    "s3",
    "dynamodb",
    "access-analyzer",
    "acm-pca",
    "airflow.api",
    "application-autoscaling",
    "appmesh-envoy-management",
    "apprunner",
    "athena",
    "autoscaling",
    "autoscaling-plans",
    "backup",
    "batch",
    "bedrock",
    "bedrock-runtime",
    "cassandra",
    "cloudformation",
    "cloudhsmv2",
    "cloudtrail",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codepipeline",
    "cognito-idp",
    "config",
    "databrew",
    "datasync",
    "dms",
    "ds",
    "ebs",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elastic-inference.runtime",
    "elasticache",
    "elasticbeanstalk",
    "elasticfilesystem",
    "elasticloadbalancing",
    "elasticmapreduce",
    "email-smtp",
    "emr-serverless",
    "evidently",
    "events",
    "execute-api",
    "fis",
    "git-codecommit",
    "glue",
    "guardduty-data",
    "iam",
    "imagebuilder",
    "inspector2",
    "iot.data",
    "kendra",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lakeformation",
    "lambda",
    "license-manager",
    "logs",
    "macie2",
    "monitoring",
    "network-firewall",
    "organizations",
    "pipes",
    "polly",
    "qldb.session",
    "rds",
    "rds-data",
    "redshift",
    "redshift-data",
    "rekognition",
    "rolesanywhere",
    "s3express",
    "s3tables",
    "sagemaker.api",
    "sagemaker.runtime",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "servicecatalog",
    "servicediscovery",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "storagegateway",
    "sts",
    "swf",
    "synthetics",
    "textract",
    "transcribe",
    "transfer",
    "translate",
    "verifiedpermissions",
    "workspaces",
    "xray",
]


def endpoint_services(region: str) -> list[str]:
    """The names of the services that an endpoint can be for."""
    return [f"com.amazonaws.{region}.{name}" for name in _ENDPOINTS]


@reshape("ec2", "DescribeVpcEndpointServices")
def services_with_endpoints(given: Given, output: Output) -> None:
    """The services of the Region that an endpoint can be for are listed.

    Source: AWS PrivateLink Guide, "AWS services that integrate with AWS PrivateLink".
    """
    asked = set(given.input.get("ServiceNames", []))
    if output.get("ServiceNames") or given.input.get("Filters"):
        return
    names = [each for each in endpoint_services(given.call.region) if not asked or each in asked]
    output["ServiceNames"] = names
    output["ServiceDetails"] = [
        {
            "ServiceName": name,
            "ServiceType": [{"ServiceType": kind} for kind in _kinds(name)],
            "Owner": "amazon",
            "VpcEndpointPolicySupported": True,
            "AcceptanceRequired": False,
        }
        for name in names
    ]


def _kinds(service: str) -> list[str]:
    gateway = service.endswith((".s3", ".dynamodb"))
    return ["Gateway", "Interface"] if gateway else ["Interface"]


@before("ec2", "CreateVpcEndpoint")
async def endpoint_that_can_be(given: Given) -> Refusal | None:
    """An endpoint is for a service that there is, and private DNS needs both DNS attributes of the VPC.

    Source: AWS PrivateLink Guide, "Access an AWS service using an interface VPC endpoint"; EC2 API
    reference, Error codes, InvalidServiceName.
    """
    asked = given.input
    service, vpc = asked.get("ServiceName", ""), asked.get("VpcId", "")
    known = set(endpoint_services(given.call.region))
    if service.startswith("com.amazonaws.") and ".vpce." not in service and service not in known:
        message = f"The Vpc Endpoint Service '{service}' does not exist"
        return Refusal("InvalidServiceName", message)
    if asked.get("VpcEndpointType") == "Interface" and asked.get("PrivateDnsEnabled"):
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            wanted = attribute[0].lower() + attribute[1:]
            found = await given.read("DescribeVpcAttribute", VpcId=vpc, Attribute=wanted)
            if found and not found.get(attribute, {}).get("Value"):
                message = (
                    "Enabling private DNS requires both enableDnsSupport "
                    "and enableDnsHostnames VPC attributes "
                    f"set to true for {vpc}"
                )
                return Refusal("InvalidParameter", message)
    return None


@before("ec2", "CreateVpcEndpoint", "ModifyVpcEndpoint")
async def one_gateway_endpoint_a_table(given: Given) -> Refusal | None:
    """A route table has one gateway endpoint for a service.

    Source: AWS PrivateLink Guide, "Gateway endpoints", routing; Error codes, RouteAlreadyExists.
    """
    asked = given.input
    wanted = asked.get("RouteTableIds") or asked.get("AddRouteTableIds") or []
    found = (await given.read("DescribeVpcEndpoints")).get("VpcEndpoints", []) if wanted else []
    service = asked.get("ServiceName") or next(
        (e["ServiceName"] for e in found if e["VpcEndpointId"] == asked.get("VpcEndpointId")), ""
    )
    for endpoint in found:
        taken = set(endpoint.get("RouteTableIds", [])) & set(wanted)
        other = endpoint["VpcEndpointId"] != asked.get("VpcEndpointId")
        if taken and other and endpoint["ServiceName"] == service and endpoint.get("State") != "deleted":
            message = (
                f"route table {sorted(taken)[0]} already has a route "
                f"with destination-prefix-list-id of {service}"
            )
            return Refusal("RouteAlreadyExists", message)
    return None


@before("ec2", "CreateVpcEndpoint", "ModifyVpcEndpoint")
def policy_of_an_endpoint(given: Given) -> Refusal | None:
    """An endpoint's policy keeps to the policy language.

    Source: AWS PrivateLink Guide, "Endpoint policies"; Error codes, InvalidPolicyDocument.
    """
    from cloudlings.iam.validation import validate

    document = given.input.get("PolicyDocument")
    problems = validate(document, "vpce") if document else ()
    return Refusal("InvalidPolicyDocument", problems[0].message) if problems else None
