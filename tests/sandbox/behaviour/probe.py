"""What a probe is: one sentence about AWS, the calls that show it, and where AWS says so.

A probe is a function of an :class:`Aws`, marked ``@probe``. Its docstring is the sentence. With ``refused``
its last call must get that error code; without, it must run to its end. Probes know an endpoint and an
account, and nothing of what answers there.
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Probe:
    """One behaviour. ``refused`` has the codes that will do; () when the calls must succeed."""

    service: str
    name: str
    sentence: str
    source: str
    refused: tuple[str, ...]
    calls: Callable[[Aws], None]


PROBES: list[Probe] = []


def probe(
    service: str, source: str, refused: str | tuple[str, ...] = (), sentence: str = ""
) -> Callable[..., Any]:
    """Mark a function as a probe of a service; its docstring is the sentence unless one is given."""

    def mark(calls: Callable[[Aws], None]) -> Callable[[Aws], None]:
        codes = (refused,) if isinstance(refused, str) else refused
        said = sentence or (calls.__doc__ or "").strip()
        PROBES.append(Probe(service, slug(said), said, source, codes, calls))
        return calls

    return mark


def refused(
    service: str, code: str | tuple[str, ...], sentence: str, source: str, calls: Callable[..., Any]
) -> None:
    """A probe in one row: the last of its calls is refused with this code (or one of these)."""
    codes = (code,) if isinstance(code, str) else code
    PROBES.append(Probe(service, slug(sentence), sentence, source, codes, calls))


def gives(service: str, sentence: str, source: str, expected: Any, calls: Callable[..., Any]) -> None:
    """A probe in one row: the calls give this value."""
    PROBES.append(
        Probe(service, slug(sentence), sentence, source, (), lambda aws: same(calls(aws), expected))
    )


def slug(sentence: str) -> str:
    """A name made of a sentence's words."""
    return "-".join(re.findall(r"[a-z0-9]+", sentence.lower()))[:70]


class Differs(AssertionError):
    """What the endpoint did instead."""


def run(one: Probe, aws: Aws) -> None:
    """Run a probe. Raises Differs, saying what happened instead."""
    try:
        one.calls(aws)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code not in one.refused:
            raise Differs(f"{error.operation_name}: {code}: {message}") from None
        return
    except AssertionError as error:
        raise Differs(str(error) or "not as the probe says") from error
    if one.refused:
        raise Differs(f"no error; AWS says {' or '.join(one.refused)}")


class Aws:
    """One account at one endpoint: its clients, and the things that probes start from."""

    def __init__(self, client: Callable[..., Any], account_id: str, region: str = "us-east-1") -> None:
        self._client = client
        self._clients: dict[tuple[str, str], Any] = {}
        self._counter = 0
        self.account_id = account_id
        self.region = region

    def client(self, service: str, region: str = "") -> Any:
        """A boto3 client, kept."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self._client(*key)
        return self._clients[key]

    def __getattr__(self, service: str) -> Any:
        if service.startswith("__"):
            raise AttributeError(service)
        return self.client("lambda" if service == "lambda_" else service.replace("_", "-"))

    def name(self, word: str = "thing") -> str:
        """A name that nothing else in the account has."""
        self._counter += 1
        return f"{word}-{self._counter}-{self.account_id}"

    # --- starting points ---------------------------------------------------------------------

    def vpc(self, block: str = "10.0.0.0/16") -> str:
        made: str = self.ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        return made

    def subnet(self, vpc: str, block: str = "10.0.1.0/24", zone: str = "a") -> str:
        place = f"{self.region}{zone}"
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=place)
        found: str = made["Subnet"]["SubnetId"]
        return found

    def subnets(self, vpc: str = "") -> list[str]:
        """Two subnets of one VPC, in two zones."""
        vpc = vpc or self.vpc()
        return [self.subnet(vpc, "10.0.1.0/24", "a"), self.subnet(vpc, "10.0.2.0/24", "b")]

    def group(self, vpc: str, name: str = "") -> str:
        made = self.ec2.create_security_group(
            GroupName=name or self.name("group"), Description="d", VpcId=vpc
        )
        found: str = made["GroupId"]
        return found

    @cached_property
    def image(self) -> str:
        """An Amazon Linux image, x86."""
        names = [{"Name": "name", "Values": ["al2023-ami-2*-x86_64", "amzn2-ami-hvm-*-x86_64-gp2"]}]
        found = self.ec2.describe_images(Owners=["amazon"], Filters=names)["Images"]
        image: str = found[0]["ImageId"]
        return image

    def instance(self, subnet: str, **more: Any) -> str:
        """An instance, running."""
        kept = {"ImageId": self.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        made = self.ec2.run_instances(**kept, SubnetId=subnet, **more)
        found: str = made["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(
            InstanceIds=[found], WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        return found

    def gateway(self, vpc: str) -> str:
        """An internet gateway, attached."""
        made: str = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
        return made

    def nat(self, subnet: str) -> str:
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
        found: str = made["NatGateway"]["NatGatewayId"]
        return found

    def bucket(self, **more: Any) -> str:
        name = self.name("bucket")
        self.s3.create_bucket(Bucket=name, **more)
        return name

    def versioned(self) -> str:
        """A bucket with versioning on."""
        name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def role(self, service: str = "lambda", name: str = "") -> str:
        """The ARN of a role that a service may take."""
        name = name or self.name("role")
        made: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"][
            "Arn"
        ]
        return made

    def function(self, code: str = "def handler(event, context):\n    return event\n", **more: Any) -> str:
        """A function's name; its code is a module with ``handler``."""
        name = self.name("function")
        settings = {"Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": zipped(code)}}
        settings |= {"Role": more.pop("Role", None) or self.role(), **more}
        self.lambda_.create_function(FunctionName=name, **settings)
        waiter = self.lambda_.get_waiter("function_active_v2")
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        return name

    def queue(self, name: str = "", **attributes: str) -> str:
        made = self.sqs.create_queue(QueueName=name or self.name("queue"), Attributes=attributes)
        found: str = made["QueueUrl"]
        return found

    def queue_arn(self, url: str) -> str:
        found: str = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        return found

    def topic(self) -> str:
        made: str = self.sns.create_topic(Name=self.name("topic"))["TopicArn"]
        return made

    def table(self, **more: Any) -> str:
        """A table with the partition key ``pk``, on demand."""
        name = self.name("table")
        settings = {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        self.dynamodb.create_table(TableName=name, **(settings | more))
        waiter = self.dynamodb.get_waiter("table_exists")
        waiter.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        return name

    def key(self) -> str:
        made: str = self.kms.create_key()["KeyMetadata"]["KeyId"]
        return made

    def database(self, **more: Any) -> str:
        name = more.pop("DBInstanceIdentifier", None) or self.name("db")
        settings = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20}
        settings |= {"MasterUsername": "shop", "MasterUserPassword": "Correct-horse-9"}
        self.rds.create_db_instance(DBInstanceIdentifier=name, **(settings | more))
        return name


def trust(service: str) -> str:
    """A trust policy for a service."""
    principal = {"Service": f"{service}.amazonaws.com"}
    return policy(Effect="Allow", Principal=principal, Action="sts:AssumeRole")


def policy(**statement: Any) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def zipped(code: str) -> bytes:
    """A deployment package with the module ``app``."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app.py", code)
    return made.getvalue()


def same(found: Any, expected: Any) -> None:
    """Say what was found when it is not what AWS gives."""
    if found != expected:
        raise Differs(f"found {found!r}; AWS has {expected!r}")


def within(seconds: float, look: Callable[[], Any]) -> Any:
    """The first true answer of ``look``, asked until the time is up."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.2)
