"""A lab's submissions as a course is graded today: stock nbgrader, a moto server that each kernel starts, the
checks as asserts in that kernel.

Equal to what `cloudlings course grade` gets: the students and their personal values, the start state, every
code cell of the notebook (those of the solution and those shown), the tasks and their points, the scores. Not
equal, in favour of the stock way: moto authorises nothing and copies nothing, so its asserts look at what was
written where ours prove what a policy does over all requests; nothing is isolated, and no evidence is kept.
Not equal, against it: the cells import the labs' own code (`cloudlings.cost`, `cloudlings.models`) in each
kernel anew, some tenths of a second.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from nbformat import NotebookNode, v4

from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue, brief_for, solution_steps

CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n"
_SERVER = """\
import json, logging, os, types
import boto3
from moto.server import ThreadedMotoServer

# What a check cell writes to stderr costs its points.
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
url = "http://%s:%s" % server.get_host_and_port()
os.environ.update(
    AWS_ENDPOINT_URL=url, CLOUDLINGS_ENDPOINTS=f"{url},{url}",
    AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b",
    AWS_DEFAULT_REGION="<region>", AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
given = json.loads('''<brief>''')
brief = types.SimpleNamespace(**given)
"""
# What a teacher can assert in the kernel of what moto keeps, a task each: it loses DeleteMarkerReplication.
_CHECKS = {
    "block-public": """\
for bucket in (brief.flights, brief.tiles):
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
""",
    "tls-only": """\
arn = kms.describe_key(KeyId="alias/kestrel-flights")["KeyMetadata"]["Arn"]
rules = s3.get_bucket_encryption(Bucket=brief.flights)["ServerSideEncryptionConfiguration"]["Rules"]
default = rules[0]["ApplyServerSideEncryptionByDefault"]
assert default["SSEAlgorithm"].startswith("aws:kms") and default["KMSMasterKeyID"] == arn
denies = json.loads(s3.get_bucket_policy(Bucket=brief.flights)["Policy"])["Statement"]
assert all(each["Effect"] == "Deny" and each["Principal"] == "*" for each in denies)
plain = [each for each in denies if each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}]
bucket_arn = "arn:aws:s3:::" + brief.flights
assert plain and set(plain[0]["Resource"]) == {bucket_arn, bucket_arn + "/*"} and plain[0]["Action"] == "s3:*"
key_named = {"StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": arn}}
keyed = [each for each in denies if each["Condition"] == key_named]
assert keyed and keyed[0]["Action"] == "s3:PutObject" and keyed[0]["Resource"] == bucket_arn + "/*"
""",
    "cloudfront-only": """\
[statement] = json.loads(s3.get_bucket_policy(Bucket=brief.tiles)["Policy"])["Statement"]
assert statement["Effect"] == "Allow" and statement["Action"] == "s3:GetObject"
assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
assert statement["Resource"] == "arn:aws:s3:::" + brief.tiles + "/*"
[asked] = statement["Condition"].values()
assert asked["aws:SourceArn"] == f"arn:aws:cloudfront::{ACCOUNT}:distribution/{brief.distribution_id}"
""",
    "lifecycle": """\
found = s3.get_bucket_lifecycle_configuration(Bucket=brief.flights)["Rules"]
[rule] = [each for each in found if each["Status"] == "Enabled"]
assert rule["Filter"] == {"Prefix": brief.raw_prefix} and "Expiration" not in rule
moves = {each["StorageClass"]: each["Days"] for each in rule["Transitions"]}
assert moves == {"STANDARD_IA": brief.ia_days, "GLACIER": brief.glacier_days}
assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == brief.noncurrent_days
assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == brief.abort_days
""",
    "storage-class": """\
from cloudlings.cost import StorageProfile, cheapest
for name, values in brief.profiles.items():
    known = {key: value for key, value in values.items() if key != "within_hours"}
    bills = cheapest(StorageProfile(**known, immediate=values["within_hours"] == 0))
    late = {"GLACIER": 5, "DEEP_ARCHIVE": 12}
    best = next(bill.title for bill in bills if late.get(bill.title, 0) <= values["within_hours"])
    head = s3.head_object(Bucket=brief.vault, Key="samples/" + name)
    assert head.get("StorageClass", "STANDARD") == best
""",
    "restore": """\
head = s3.head_object(Bucket=brief.vault, Key=brief.survey_key)
assert head["StorageClass"] == brief.survey_class and head.get("Restore")
""",
    "replicate": """\
for client, bucket in ((s3, brief.reports), (s3_there, brief.reports_copy)):
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
where = s3.get_bucket_location(Bucket=brief.reports_copy)["LocationConstraint"]
assert where == brief.copy_region
config = s3.get_bucket_replication(Bucket=brief.reports)["ReplicationConfiguration"]
[rule] = config["Rules"]
assert rule["Status"] == "Enabled"
assert rule["Destination"]["Bucket"] == "arn:aws:s3:::" + brief.reports_copy
name = config["Role"].rsplit("/", 1)[-1]
[trust] = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
assert trust["Principal"] == {"Service": "s3.amazonaws.com"} and trust["Action"] == "sts:AssumeRole"
actions = set()
for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
    document = iam.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
    for statement in document["Statement"]:
        assert statement["Resource"] != "*"
        actions |= set(statement["Action"])
needed = {"GetReplicationConfiguration", "ListBucket", "GetObjectVersionForReplication"}
needed |= {"GetObjectVersionAcl", "GetObjectVersionTagging"}
needed |= {"ReplicateObject", "ReplicateDelete", "ReplicateTags"}
assert actions == {"s3:" + each for each in needed}
""",
    "repair-replica": """\
for client, bucket in ((s3, brief.logbooks), (s3_there, brief.logbooks_copy)):
    assert client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
config = s3.get_bucket_replication(Bucket=brief.logbooks)["ReplicationConfiguration"]
[rule] = config["Rules"]
assert rule["Status"] == "Enabled"
assert rule["Destination"]["Bucket"] == "arn:aws:s3:::" + brief.logbooks_copy
assert iam.get_role(RoleName=config["Role"].rsplit("/", 1)[-1])
assert s3.get_bucket_accelerate_configuration(Bucket=brief.logbooks)["Status"] == "Enabled"
""",
}


def make_course(folder: Path, root: Path, lab: str) -> None:
    """The course with the lab as its one assignment, ready for `nbgrader generate_assignment`."""
    source = folder / "source" / lab
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    (source / f"{lab}.ipynb").write_text(json.dumps(notebook(root, lab, "source")))


def hand_in(folder: Path, root: Path, lab: str, student: str) -> None:
    """A student's right submission, with the values that are theirs."""
    target = folder / "submitted" / student / lab
    shutil.copytree(folder / "release" / lab, target)
    (target / f"{lab}.ipynb").write_text(json.dumps(notebook(root, lab, student)))


def notebook(root: Path, lab: str, student: str) -> NotebookNode:
    """The solution of a lab as an nbgrader notebook, its first cell the server and the start state."""
    read = Catalogue(root).read(lab)
    points = {task.name: task.points for task in tasks_of(root, lab)}
    cells = [v4.new_code_cell(_opening(root, lab, student))]
    for number, step in enumerate(solution_steps(read)):
        if step.kind == "check":
            marks = {"grade_id": step.task, "points": points[str(step.task)], "schema_version": 3}
            marks |= {"grade": True, "locked": True, "solution": False, "task": False, "cell_type": "code"}
            cell = v4.new_code_cell(_CHECKS[str(step.task)], metadata={"nbgrader": marks})
        else:
            cell = v4.new_code_cell(step.text)
        cell.id = f"cell-{number}"
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _opening(root: Path, lab: str, student: str) -> str:
    header = Catalogue(root).header(lab)
    server = _SERVER.replace("<region>", header.regions[0])
    server = server.replace("<brief>", json.dumps(dict(brief_for(header, student)), default=dict))
    seed = (header.folder / "seed.py").read_text().replace("from __future__ import annotations\n", "")
    return f'{server}\n{seed}\nseed({{"main": boto3.Session()}}, given)\n'
