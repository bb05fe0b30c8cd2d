"""Graders of 010-iam: who may take which role on, what its sessions may do, and what was done with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.roles import (
    OVER_TLS,
    caller,
    may_exactly,
    only_takes_on,
    require_role,
    role_named,
    session,
)
from cloudlings.grading.s3_state import bucket_policy, head, or_none, require_bucket
from cloudlings.iam import Policies, Principal, Request, decide, prove

LOGGING = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*")
LAMBDA = {"Service": "lambda.amazonaws.com"}
GITHUB = "token.actions.githubusercontent.com"


def _listing(bucket: str, prefix: str, operator: str) -> dict[str, Any]:
    return allow("s3:ListBucket", bucket, Condition={operator: {"s3:prefix": prefix}})


def _reading(brief: Brief) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the clipper needs, and the most that is about the same: listing below the prefix, and logs."""
    bucket = f"arn:aws:s3:::{brief.archive}"
    read = allow("s3:GetObject", f"{bucket}/{brief.incoming}*")
    least = document(read, _listing(bucket, brief.incoming, "StringEquals"))
    return least, document(read, _listing(bucket, f"{brief.incoming}*", "StringLike"), LOGGING)


@task(
    "read-one-prefix",
    points=4,
    title="A role for a function that reads one prefix",
    ref="L01-T1",
    hints=[
        "A role has two documents. The trust policy answers: who may become me? The permissions policy "
        "answers: what may I do, on what? Write down the job's two calls first, with the ARN of each.",
        "s3:GetObject is asked of objects: BUCKET_ARN/PREFIX*. s3:ListBucket is asked of the bucket's own "
        "ARN, and only a condition on s3:prefix tells one listing from another.",
        'trusts({"Service": "lambda.amazonaws.com"}); allow("s3:GetObject", "BUCKET_ARN/PREFIX*") and '
        'allow("s3:ListBucket", BUCKET_ARN, Condition={"StringLike": {"s3:prefix": "PREFIX*"}}).',
    ],
)
def test_read_one_prefix(account: Account, brief: Brief) -> None:
    name, bucket = brief.clipper_role, brief.archive
    made = role_named(account, name) or _for_lambda(account, brief)
    not_attempted_unless(made, f"There is no role {name} yet.")
    require_bucket(account, bucket)
    role = require_role(account, name, "Lambda cannot run the clipper: it has nobody to be.")
    who = session(account, name, f"arn:aws:s3:::{bucket}")
    least, most = _reading(brief)
    may_exactly(
        account,
        who,
        least=least,
        most=most,
        job=f"the clipper's calls (list {bucket} with the prefix {brief.incoming}, read there)",
        stops="the clipper stops at its first recording",
        existing=_things(brief),
    )
    only_takes_on(account, role, LAMBDA, who="Lambda", context={"aws:SourceAccount": account.id})


def _for_lambda(account: Account, brief: Brief) -> list[str]:
    """Roles that a function may take on and that the lab did not lay: perhaps the clipper's, misnamed."""
    laid = (brief.podcast_role, brief.chart_role, brief.jingle_role)
    roles = account.client("iam").list_roles()["Roles"]
    return [
        role["RoleName"]
        for role in roles
        if role["RoleName"] not in laid and "lambda.amazonaws.com" in str(role["AssumeRolePolicyDocument"])
    ]


def _things(brief: Brief) -> list[str]:
    """The buckets and objects that the lab laid: counterexamples speak of these where they can."""
    objects = (
        f"{brief.archive}/{brief.incoming}2026-03-02-morning.wav",
        *(f"{brief.archive}/{brief.folders}{name}/notes.txt" for name in brief.presenters),
        f"{brief.masters}/2019/first-broadcast.wav",
        f"{brief.contracts}/{brief.contract}",
    )
    return [f"arn:aws:s3:::{each}" for each in (brief.archive, brief.masters, brief.contracts, *objects)]


@task(
    "own-folder",
    points=4,
    title="Everybody's own folder, one policy",
    ref="L01-T2",
    hints=[
        "The folder's name differs from person to person, the policy does not. What does AWS know of the "
        "caller when a request comes in, that could stand in the policy as a variable?",
        "A policy variable such as ${aws:username} may stand in a Resource and in a condition's value. "
        "Listing needs one in the condition on s3:prefix; the slash after the name ends the folder.",
        "put_group_policy on presenters: allow([Get, Put], BUCKET_ARN/FOLDERS${aws:username}/*) and "
        'allow("s3:ListBucket", BUCKET_ARN, Condition={"StringLike": {"s3:prefix": '
        '"FOLDERS${aws:username}/*"}}).',
    ],
)
def test_own_folder(account: Account, brief: Brief) -> None:
    bucket = f"arn:aws:s3:::{brief.archive}"
    require_bucket(account, brief.archive)
    people = {name: _person(account, name, bucket) for name in brief.presenters}
    found = [who.policies for who in people.values()]
    not_attempted_unless(
        any(policies.identity or policies.groups or policies.boundary for policies in found),
        f"{' and '.join(people)} have no policy yet, neither of their own nor by their group.",
    )
    for name, who in people.items():
        _lists_no_other_folder(brief, name, who, bucket)
        own = f"{brief.folders}{name}/"
        work = allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/{own}*")
        may_exactly(
            account,
            who,
            least=document(work, _listing(bucket, own, "StringEquals")),
            most=document(work, _listing(bucket, f"{own}*", "StringLike")),
            job=f"{name}'s work in {own} of {brief.archive} (list, read, write)",
            stops=f"{name} cannot work",
            existing=_things(brief),
        )
    for name, who in people.items():
        _no_use_to_a_session(account, brief, name, who.policies, list(who.context))


def _lists_no_other_folder(brief: Brief, name: str, who: Any, bucket: str) -> None:
    """The slip that the names invite, before any other request is looked for."""
    for other in brief.presenters:
        prefix = f"{brief.folders}{other}/"
        asked = Request(who.principal, "s3:ListBucket", bucket, context={**OVER_TLS, "s3:prefix": prefix})
        decision = decide(asked, who.policies)
        assert other == name or not decision.allowed, Because(
            found=f"A listing of {brief.archive} with the prefix {prefix} was asked as {name}: allowed.",
            consequence=f"{name} can s3:ListBucket what {other} keeps, name by name.",
            concept="Least privilege: a prefix is the beginning of a string, and a folder's ends with its "
            "slash.",
        )


def _person(account: Account, name: str, bucket: str) -> Any:
    user = or_none(lambda: account.client("iam").get_user(UserName=name), "NoSuchEntity")
    assert user is not None, Because(
        found=f"There is no user {name} in this account any more.",
        consequence=f"{name} cannot sign in.",
        concept="A deleted user is gone with its keys and policies; reset_lab() lays the start state again.",
    )
    return caller(account, user["User"]["Arn"], bucket)


def _no_use_to_a_session(
    account: Account, brief: Brief, name: str, policies: Policies, tags: list[str]
) -> None:
    """The same policies, hung on a role without tags, give its sessions nothing."""
    role = f"arn:aws:iam::{account.id}:role/{brief.editors_role}"
    arn = f"arn:aws:sts::{account.id}:assumed-role/{brief.editors_role}/session"
    hung = Policies(identity=(*policies.identity, *policies.groups), boundary=policies.boundary)
    comparison = prove(
        hung,
        Policies.of(identity=[]),
        account=account.id,
        principals=[Principal("session", arn, role_arn=role)],
        as_aws_sends=True,
        context=dict.fromkeys(tags),
    )
    example = first_example(comparison, "over")
    assert example is None, Because(
        found=f"The policies of {name} were put to a session of a role, as if they were attached to it.",
        consequence=f"{sentence(example)}: whoever comes by role is let into somebody's folder.",
        counterexample=decided_by(example),
        concept="A session of a role has no user name. A policy for everybody's own folder gives nothing "
        "to a caller whose name it cannot fill in; a written-out name or a default value does.",
    )


DELETES = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
MAY_BE_REFUSED = ["s3:Delete*", "s3:PutLifecycleConfiguration"]


@task(
    "no-deletes",
    points=3,
    title="Nobody deletes a master",
    ref="L01-T3",
    hints=[
        "A missing Allow can be added by the next person who attaches a policy. Which effect cannot be "
        "undone by any Allow?",
        "Look for all actions that take an object away: in a versioned bucket there are two. On which ARN "
        "are they asked, the bucket's or the objects'?",
        'A statement with Effect Deny, Action ["s3:DeleteObject", "s3:DeleteObjectVersion"], Resource '
        "MASTERS_ARN/*, on the editors' role (or in the bucket's policy, with Principal).",
    ],
)
def test_no_deletes(account: Account, brief: Brief) -> None:
    masters = f"arn:aws:s3:::{brief.masters}"
    require_bucket(account, brief.masters)
    require_role(
        account, brief.editors_role, "Nobody edits any more; reset_lab() lays the start state again."
    )
    editor = session(account, brief.editors_role, masters)
    inherited = Policies.of(identity=[document(allow("s3:*", [masters, f"{masters}/*"]))])
    statements = [each for policy in editor.policies.identity for each in policy.statements]
    untouched = len(statements) == 1 and statements[0].effect == "Allow" and statements[0].action == ("s3:*",)
    not_attempted_unless(
        not untouched or editor.policies.resource or editor.policies.boundary,
        f"The policies of {brief.editors_role} and of {brief.masters} are as the lab laid them.",
    )
    _deletes_refused(account, brief, editor, masters)
    refused = {"Effect": "Deny", "Action": MAY_BE_REFUSED, "Resource": [masters, f"{masters}/*"]}
    needed = Policies(identity=(*inherited.identity, readable(document(refused), "work")))
    example = first_example(_over_masters(account, editor, editor.policies, needed, masters), "under")
    assert example is None, Because(
        found=f"The policies that count for {brief.editors_role} were put to everything that editors did "
        f"in {brief.masters} before, deleting apart.",
        consequence=f"{sentence(example, without=OVER_TLS)}: the editors cannot work.",
        counterexample=decided_by(example),
        concept="A Deny takes away what it matches, all of it. Refuse what is wrong, and only that.",
    )


def _deletes_refused(account: Account, brief: Brief, editor: Any, masters: str) -> None:
    """Deleting stays refused with AdministratorAccess beside what is there: only a Deny does that."""
    everything = readable(document(allow("*", "*")), "identity policy")
    tomorrow = Policies(
        identity=(*editor.policies.identity, everything),
        boundary=editor.policies.boundary,
        resource=editor.policies.resource,
    )
    refused = {"Effect": "Deny", "Action": DELETES, "Resource": f"{masters}/*"}
    needed = Policies(identity=(everything, readable(document(refused), "need")))
    example = first_example(_over_masters(account, editor, tomorrow, needed, masters, DELETES), "over")
    assert example is None, Because(
        found=f"Deletion in {brief.masters} was put to the policies that count for {brief.editors_role}, "
        "with AdministratorAccess attached beside them.",
        consequence=f"{sentence(example, without=OVER_TLS)}. A master that is gone cannot be recorded again.",
        counterexample=decided_by(example),
        concept="An explicit Deny beats every Allow, in any order, where it matches: its actions (a version "
        "is deleted by an action of its own), its ARNs (objects are not the bucket), its conditions.",
    )


def _over_masters(
    account: Account, editor: Any, found: Policies, needed: Policies, masters: str, actions: Any = ("s3:*",)
) -> Any:
    return prove(
        found,
        needed,
        account=account.id,
        principals=[editor.principal],
        actions=list(actions),
        resources=[masters, f"{masters}/*"],
        as_aws_sends=True,
        context={**editor.context, **OVER_TLS},
        existing=[masters, f"{masters}/2019/first-broadcast.wav"],
    )


@task(
    "by-bucket-policy",
    points=4,
    title="The same access, granted by the bucket",
    ref="L01-T4",
    hints=[
        "You know the two statements from the clipper. A resource-based policy has one element more, which "
        "says to whom it speaks.",
        "put_bucket_policy replaces the whole document. Its Principal for one role is the role's ARN; the "
        "actions, ARNs and the condition are as in task 1.",
        'The statements of task 1, each with Principal={"AWS": "arn:aws:iam::ACCOUNT:role/PODCAST"}, as the '
        "policy of brief.archive; no policy on the role.",
    ],
)
def test_by_bucket_policy(account: Account, brief: Brief) -> None:
    bucket = f"arn:aws:s3:::{brief.archive}"
    require_bucket(account, brief.archive)
    require_role(account, brief.podcast_role, "The podcast stops; reset_lab() lays the start state again.")
    who = session(account, brief.podcast_role, bucket)
    not_attempted_unless(
        who.policies.resource or who.policies.identity,
        f"{brief.archive} has no policy yet, and {brief.podcast_role} none either.",
    )
    document_ = bucket_policy(account, brief.archive)
    assert document_ is not None, Because(
        found=f"{brief.archive} has no policy; {brief.podcast_role} has one of its own.",
        consequence="The access hangs on the role: whoever looks at the bucket does not see who reads it.",
        concept="Here the bucket is asked to grant: a resource-based policy names its principals itself.",
    )
    policy = readable(document_, f"policy of {brief.archive}")
    least, most = _reading(brief)
    alone = type(who)(who.principal, Policies.of(resource=policy), who.context)
    job = f"the podcast's calls (list {brief.archive} with the prefix {brief.incoming}, read there)"
    for each, asked in ((alone, f"{job}, granted by the bucket alone"), (who, job)):
        may_exactly(
            account,
            each,
            least=least,
            most=most,
            job=asked,
            stops="there is no podcast",
            existing=_things(brief),
        )
    _nobody_else(account, brief, policy, most)


def _nobody_else(account: Account, brief: Brief, policy: Any, most: Mapping[str, Any]) -> None:
    bucket = f"arn:aws:s3:::{brief.archive}"
    podcast = {"AWS": f"arn:aws:iam::{account.id}:role/{brief.podcast_role}"}
    theirs = document(*({**each, "Principal": podcast} for each in most["Statement"]))
    everything = document(allow("s3:*", "*"))
    cases = (
        ("over", Policies.of(resource=policy), Policies.of(resource=theirs)),
        (
            "under",
            Policies.of(identity=[everything], resource=policy),
            Policies.of(identity=[everything]),
        ),
    )
    for direction, found, needed in cases:
        comparison = prove(
            found,
            needed,
            account=account.id,
            actions=["s3:*"],
            resources=[bucket, f"{bucket}/*"],
            as_aws_sends=True,
            outsiders_may=direction == "over",
            context=OVER_TLS,
        )
        example = first_example(comparison, direction)  # type: ignore[arg-type]
        assert example is None, Because(
            found=f"The policy of {brief.archive} was put to callers other than {brief.podcast_role}.",
            consequence=f"{sentence(example, without=OVER_TLS)}.",
            counterexample=decided_by(example),
            concept="A bucket policy speaks to whom its Principal names: no more people than the job has, "
            "and no Deny for those who worked before.",
        )


WORDS = {"Allowed": "allowed", "ExplicitDeny": "explicit", "ImplicitDeny": "implicit"}


@task(
    "truth-table",
    points=4,
    title="Predict sixteen requests",
    ref="L01-T8",
    hints=[
        "Go through a row in three steps. Is there a Deny anywhere? Is there a ceiling (boundary, SCP, "
        "session) that does not allow? Is there something that grants?",
        "A ceiling that is not there (none) limits nothing; one that is there and silent limits to nothing. "
        "What grants: identity or resource in the same account; across accounts the role's side and the "
        "bucket's side must both.",
        'Any "deny": explicit. Else a "silent" boundary, scp or session: implicit. Else same account: '
        "allowed when identity or resource is allow; another account: when both are. Else implicit.",
    ],
)
def test_truth_table(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    given = answer("table")
    said = {str(k): str(v).strip().lower() for k, v in given.items()} if isinstance(given, dict) else {}
    not_attempted_unless(
        given is not None and set(said.values()) != {"none"}, 'No answer "table" was handed in yet.'
    )
    lacking = [name for name in brief.table if said.get(name) not in WORDS.values()]
    assert not lacking, Because(
        found=f'The answer "table" has no verdict for {", ".join(lacking[:4])}: each of the sixteen rows is '
        "allowed, explicit or implicit.",
        consequence="A request that nobody has thought through is decided all the same.",
        concept="Every request ends in one of three ways: allowed, refused by a Deny, refused for want of an "
        "Allow.",
    )
    truth = {name: WORDS[_decided(account, row).outcome] for name, row in brief.table.items()}
    wrong = [name for name in truth if said[name] != truth[name]]
    assert not wrong, _misjudged(brief.table, wrong, said)


def _misjudged(table: Mapping[str, Any], wrong: list[str], said: Mapping[str, str]) -> Because:
    name = wrong[0]
    row = ", ".join(f"{layer} {word}" for layer, word in table[name].items())
    return Because(
        found=f"{len(table) - len(wrong)} of {len(table)} rows hold. {name} does not: {row}. "
        f"Your word for it is {said[name]}.",
        consequence="Whoever believes that leaves a door open, or looks for the fault in the wrong policy.",
        concept=_rule(table[name]),
    )


def _rule(row: Mapping[str, str]) -> str:
    if "deny" in row.values():
        return "Which layer says deny, and can another layer outvote it?"
    if "silent" in (row["boundary"], row["scp"], row["session"]):
        return "A ceiling that is there and says nothing about a request: does the request fit under it?"
    if row["account"] != "same":
        return "Two accounts, two owners: which of them has to agree?"
    return "In one account, which kinds of policy can grant? A ceiling that allows: does it grant?"


def _decided(account: Account, row: Mapping[str, str]) -> Any:
    """A row as the engine decides it: every word becomes a policy."""
    role = f"arn:aws:iam::{account.id}:role/dj"
    owner = account.id if row["account"] == "same" else "999988887777"
    policies = Policies.of(
        identity=_spoken(row["identity"]),
        resource=next(iter(_spoken(row["resource"], Principal={"AWS": role})), None),
        boundary=next(iter(_spoken(row["boundary"])), None),
        scp=[_spoken(row["scp"])] if row["scp"] != "none" else [],
        session=next(iter(_spoken(row["session"])), None),
    )
    who = Principal("session", f"arn:aws:sts::{account.id}:assumed-role/dj/session", role_arn=role)
    asked = Request(who, "s3:GetObject", "arn:aws:s3:::heron/a.wav", resource_account=owner)
    return decide(asked, policies)


def _spoken(word: str, **more: Any) -> list[dict[str, Any]]:
    statement = allow("s3:GetObject", "arn:aws:s3:::heron/*", **more)
    match word:
        case "allow":
            return [document(statement)]
        case "deny":
            return [document({**statement, "Effect": "Deny"})]
        case "silent":
            return [document(allow("s3:PutObject", "arn:aws:s3:::heron/*", **more))]
        case _:
            return []


@task(
    "no-long-keys",
    points=5,
    title="A key on a server",
    ref="L01-T5",
    hints=[
        "Follow the credentials: which service hands them to the code? That service must be able to take "
        "the role on, and something must tie the role to the machine or the task.",
        "EC2: role, instance profile, add_role_to_instance_profile, associate_iam_instance_profile. ECS: "
        "register_task_definition has taskRoleArn (what the code may) and executionRoleArn (what ECS may). "
        "The policy read-masters can be attached to roles as it is.",
        "Trust ec2.amazonaws.com for one role, ecs-tasks.amazonaws.com for the other; attach "
        "arn:aws:iam::ACCOUNT:policy/read-masters to both; list_access_keys and delete_access_key for the "
        "user.",
    ],
)
def test_no_long_keys(account: Account, brief: Brief) -> None:
    user = brief.encoder_user
    listed = or_none(lambda: account.client("iam").list_access_keys(UserName=user), "NoSuchEntity")
    keys = listed["AccessKeyMetadata"] if listed else []
    instances, definition = _instances(account), _task_definition(account, brief.task_family)
    profiled = [each for each in instances if each.get("IamInstanceProfile")]
    not_attempted_unless(
        profiled or definition or not any(key["Status"] == "Active" for key in keys),
        f"The instance has no instance profile, {brief.task_family} no task definition, {user} its key.",
    )
    assert instances, Because(
        found=f"No instance is left in {account.region_name}.",
        consequence="Nothing encodes any more.",
        concept="A terminated instance does not come back; reset_lab() lays the start state again.",
    )
    for instance in instances:
        _reads_masters(account, brief, _profiles_role(account, instance), "ec2.amazonaws.com", "EC2")
    _reads_masters(
        account, brief, _task_role(account, brief, definition), "ecs-tasks.amazonaws.com", "an ECS task"
    )
    assert not keys, Because(
        found=f"{user} still has {_listed(keys)}.",
        consequence="Whoever finds the file, the backup or the message reads the masters, until somebody "
        "thinks of the key."
        if any(key["Status"] == "Active" for key in keys)
        else "The file, the backup and the message still hold a key that one call makes good again.",
        concept="A key works from anywhere and has no end; an inactive one is a call away from active.",
    )


def _listed(keys: list[Mapping[str, Any]]) -> str:
    return ", ".join(f"{key['AccessKeyId']} ({key['Status']})" for key in keys)


def _instances(account: Account) -> list[Mapping[str, Any]]:
    reply = account.client("ec2").describe_instances()
    found = [each for reservation in reply["Reservations"] for each in reservation["Instances"]]
    return [each for each in found if each["State"]["Name"] not in ("terminated", "shutting-down")]


def _task_definition(account: Account, family: str) -> Mapping[str, Any] | None:
    read = account.client("ecs").describe_task_definition
    reply = or_none(lambda: read(taskDefinition=family), "ClientException", "InvalidParameterException")
    return reply["taskDefinition"] if reply else None


def _profiles_role(account: Account, instance: Mapping[str, Any]) -> str:
    """The name of the role that an instance's profile holds."""
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    assert arn, Because(
        found=f"Instance {instance['InstanceId']} has no instance profile.",
        consequence="Its code finds no role, and goes on with the key.",
        concept="A role reaches an instance through an instance profile that is attached to it.",
    )
    name = arn.rsplit("/", 1)[-1]
    read = account.client("iam").get_instance_profile
    reply = or_none(lambda: read(InstanceProfileName=name), "NoSuchEntity")
    roles = [role["RoleName"] for role in reply["InstanceProfile"]["Roles"]] if reply else []
    assert roles, Because(
        found=f"The instance profile {name} of {instance['InstanceId']} holds no role.",
        consequence="The instance asks for credentials and gets none.",
        concept="An instance profile is a holder. Made by hand, it is empty.",
    )
    return str(roles[0])


def _task_role(account: Account, brief: Brief, definition: Mapping[str, Any] | None) -> str:
    family = brief.task_family
    assert definition is not None, Because(
        found=f"There is no active task definition of family {family} in {account.region_name}.",
        consequence="The transcriber cannot start.",
        concept="ECS starts tasks from a task definition, which lives in one Region.",
    )
    arn = definition.get("taskRoleArn") or ""
    execution = definition.get("executionRoleArn") or "none"
    assert arn, Because(
        found=f"{definition['taskDefinitionArn']} has no task role; its execution role is {execution}.",
        consequence="The code in the container has no credentials: the execution role is ECS's own, used "
        "before the code runs.",
        concept="Two roles with two users: what the code may do, and what ECS may do to start it.",
    )
    return str(arn).rsplit("/", 1)[-1]


def _reads_masters(account: Account, brief: Brief, name: str, service: str, who: str) -> None:
    masters = f"arn:aws:s3:::{brief.masters}"
    role = require_role(account, name, f"{who} points at a role that is not there.")
    only_takes_on(account, role, {"Service": service}, who=who, context={"aws:SourceAccount": account.id})
    reading = document(allow("s3:GetObject", f"{masters}/*"))
    may_exactly(
        account,
        session(account, name, masters),
        least=reading,
        most=reading,
        job=f"reading the objects of {brief.masters}",
        stops="it cannot read a master",
        existing=_things(brief),
    )


@task(
    "borrow-a-role",
    points=5,
    title="Borrow a role for fifteen minutes",
    ref="L01-T6",
    hints=[
        "Three documents decide: the bucket's (which is there), the role's trust policy (who may become "
        "it), the role's permissions. Then a call to STS gives three values that together are credentials.",
        "The trust policy's Principal is your own ARN, ME['Arn']. assume_role takes DurationSeconds. Make a "
        "boto3.Session from AccessKeyId, SecretAccessKey and SessionToken, and use its s3 client.",
        'trusts({"AWS": ME["Arn"]}); allow("s3:GetObject", "CONTRACTS_ARN/contracts/*"); '
        "sts.assume_role(RoleArn=…, RoleSessionName=…, DurationSeconds=900); get_object with the session; "
        'answer("fee", the number).',
    ],
)
def test_borrow_a_role(account: Account, brief: Brief, answer: Callable[[str], Any]) -> None:
    name, bucket = brief.lawyer_role, f"arn:aws:s3:::{brief.contracts}"
    given = answer("fee")
    not_attempted_unless(
        role_named(account, name) or given is not None, f'There is no role {name} yet, and no answer "fee".'
    )
    require_bucket(account, brief.contracts)
    role = require_role(account, name, "The contracts stay closed to everybody.")
    me = f"arn:aws:iam::{account.id}:user/learner"
    only_takes_on(
        account,
        role,
        {"AWS": me},
        who="your user",
        concept="A trust policy names who may become the role. An account's root stands for all of the "
        "account whose policies allow it; a group cannot be named.",
    )
    contracts = document(allow("s3:GetObject", f"{bucket}/contracts/*"))
    may_exactly(
        account,
        session(account, name, bucket),
        least=contracts,
        most=contracts,
        job=f"reading objects under contracts/ in {brief.contracts}",
        stops="the contract stays closed",
        existing=_things(brief),
    )
    _closed_to_me(account, brief, me)
    _was_borrowed(account, brief, name)
    _fee_told(brief, given)


def _fee_told(brief: Brief, given: Any) -> None:
    concept = "The number stands in the object's bytes: read it as the role."
    number = _number(given)
    assert number is not None, Because(
        found='No answer "fee" was handed in yet.'
        if given is None
        else f'The answer "fee" is {given!r}, which is no number.',
        consequence="Finance still waits for the sum.",
        concept=concept,
    )
    assert number == _fee(brief.contract), Because(
        found=f'The answer "fee" is {given!r}; the contract {brief.contract} says another number.',
        consequence="Finance pays a wrong sum.",
        concept=concept,
    )


def _closed_to_me(account: Account, brief: Brief, me: str) -> None:
    """Who borrowed the role is still refused as itself."""
    arn = f"arn:aws:s3:::{brief.contracts}/{brief.contract}"
    assert head(account, brief.contracts, brief.contract) is not None, Because(
        found=f"There is no object {brief.contract} in {brief.contracts} any more.",
        consequence="The contract is lost.",
        concept="reset_lab() lays the start state again.",
    )
    who = caller(account, me, arn)
    decision = decide(Request(who.principal, "s3:GetObject", arn, context=OVER_TLS), who.policies)
    assert not decision.allowed, Because(
        found=f"s3:GetObject {arn} was asked as {me}: allowed.",
        consequence="Every administrator reads every contract, and no role is needed for it.",
        concept="The Deny in the bucket's policy is what keeps the contracts closed, to administrators too.",
    )


def _was_borrowed(account: Account, brief: Brief, name: str) -> None:
    """The journal: a session of 900 seconds, and a read by it."""
    rows = [row for row in account.journal() if row["status"] < 300]
    suffix = f":role/{name}"
    assumed = [
        row["parameters"].get("DurationSeconds", "3600")
        for row in rows
        if row["operation"] == "AssumeRole" and row["parameters"].get("RoleArn", "").endswith(suffix)
    ]
    assert assumed, Because(
        found=f"The journal holds no successful AssumeRole for {name}.",
        consequence="Nobody has been the role yet.",
        concept="Being allowed to become a role is not being it: STS gives the credentials on request.",
    )
    assert "900" in assumed, Because(
        found=f"{name} was taken on for {', '.join(sorted(set(assumed)))} seconds.",
        consequence="The credentials live longer than the quarter of an hour that the job takes, wherever "
        "they end up.",
        concept="A session's length is asked for with the call; it ends by itself, and not before.",
    )
    arn = f"arn:aws:s3:::{brief.contracts}/{brief.contract}"
    readers = {row["principal"] for row in rows if row["operation"] == "GetObject" and row["resource"] == arn}
    mine = f"arn:aws:sts::{account.id}:assumed-role/{name}/"
    assert any(reader.startswith(mine) for reader in readers), Because(
        found=f"The journal holds no successful GetObject of {arn} by a session of {name}.",
        consequence="The contract was not read by the one who may.",
        concept="A client uses the credentials that it was made with: one that was there before is still "
        "you.",
    )


def _fee(contract: str) -> int:
    """As the lab's start state wrote it into the contract."""
    return 1000 + int(hashlib.sha256(f"fee of {contract}".encode()).hexdigest(), 16) % 9000


def _number(value: Any) -> float | None:
    try:
        return float(str(value).replace("EUR", "").strip())
    except ValueError:
        return None


@task(
    "ci-role",
    points=4,
    title="A pipeline without a key",
    ref="L01-T7",
    hints=[
        "GitHub's provider signs tokens for everybody. Which two claims say that this token is meant for "
        "AWS, and which repository and branch it comes from?",
        "create_open_id_connect_provider(Url, ClientIDList); a trust policy with Principal "
        '{"Federated": PROVIDER_ARN}, Action sts:AssumeRoleWithWebIdentity, and a Condition on both keys.',
        'Condition={"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", '
        '"token.actions.githubusercontent.com:sub": "repo:REPOSITORY:ref:refs/heads/BRANCH"}}.',
    ],
)
def test_ci_role(account: Account, brief: Brief) -> None:
    iam, name = account.client("iam"), brief.ci_role
    providers = [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    not_attempted_unless(
        providers or role_named(account, name), f"There is no OIDC provider and no role {name} yet."
    )
    github = [arn for arn in providers if arn.endswith(f"oidc-provider/{GITHUB}")]
    assert github, Because(
        found=f"The account's OIDC providers are {', '.join(providers) or 'none'}.",
        consequence="AWS does not know GitHub's signature and refuses every token.",
        concept="A provider in IAM says whose tokens count; its URL is the issuer's.",
    )
    audiences = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=github[0])["ClientIDList"]
    assert "sts.amazonaws.com" in audiences, Because(
        found=f"{github[0]} takes tokens for {', '.join(audiences) or 'nobody'}.",
        consequence="The workflow's token is made out to sts.amazonaws.com, and is refused.",
        concept="The audience says for whom a token was made.",
    )
    role = require_role(account, name, "The workflow has no role to take on.")
    claims = {
        f"{GITHUB}:aud": "sts.amazonaws.com",
        f"{GITHUB}:sub": f"repo:{brief.repository}:ref:refs/heads/{brief.branch}",
    }
    only_takes_on(
        account,
        role,
        {"Federated": github[0]},
        who=f"a workflow of {brief.repository} on {brief.branch}",
        action="sts:AssumeRoleWithWebIdentity",
        condition={"StringEquals": claims},
        context=claims,
        concept="Every workflow on GitHub has a token of that provider. The subject says whose it is, the "
        "audience for whom; a pattern, or a condition that a missing claim passes, lets others in.",
    )


@task(
    "less-than-admin",
    points=4,
    title="No more administrators",
    ref="L01-T9",
    hints=[
        "Write two lists: what the code calls (action and ARN), and what the role may do now. The "
        "difference is what a thief of its credentials gets.",
        "detach_role_policy takes AdministratorAccess away. For the jingle player one AWS managed policy is "
        "exact. For the chart job write three statements, each with one action and one ARN.",
        "Attach service-role/AWSLambdaBasicExecutionRole to both. Chart: brief.reads_with on table/NAME, "
        "s3:PutObject on ARCHIVE_ARN/PREFIX*, brief.tells_with on the topic's or queue's ARN.",
    ],
)
def test_less_than_admin(account: Account, brief: Brief) -> None:
    chart, jingle = brief.chart_role, brief.jingle_role
    for name in (chart, jingle):
        require_role(account, name, "The function cannot run; reset_lab() lays the start state again.")
    callers = {name: session(account, name) for name in (chart, jingle)}
    not_attempted_unless(
        not all(_as_laid(who.policies) for who in callers.values()),
        f"{chart} and {jingle} still have AdministratorAccess, and nothing else.",
    )
    job = _chart_job(account, brief)
    may_exactly(
        account,
        callers[chart],
        least=document(*job),
        most=document(*job, LOGGING),
        job=f"the chart job's calls ({brief.reads_with}, s3:PutObject, {brief.tells_with})",
        stops="there are no charts on Monday",
        existing=[*_things(brief), *(statement["Resource"] for statement in job)],
    )
    logs = f"arn:aws:logs:{account.region_name}:{account.id}:log-group:/aws/lambda/{jingle}"
    own = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs}:*", f"{logs}:log-stream:*"])
    may_exactly(
        account,
        callers[jingle],
        least=document(own),
        most=document(LOGGING),
        job=f"the jingle player's logging (to /aws/lambda/{jingle})",
        stops="when it fails, nobody can read why",
    )


def _as_laid(policies: Policies) -> bool:
    """Whether a role has AdministratorAccess, and nothing beside it."""
    names = [policy.name for policy in policies.identity]
    return len(names) == 1 and "AdministratorAccess" in names[0] and policies.boundary is None


def _chart_job(account: Account, brief: Brief) -> list[dict[str, Any]]:
    here = f"{account.region_name}:{account.id}"
    service = brief.tells_with.partition(":")[0]
    return [
        allow(brief.reads_with, f"arn:aws:dynamodb:{here}:table/{brief.plays_table}"),
        allow("s3:PutObject", f"arn:aws:s3:::{brief.archive}/{brief.chart_prefix}*"),
        allow(brief.tells_with, f"arn:aws:{service}:{here}:{brief.tells}"),
    ]
