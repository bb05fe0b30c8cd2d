"""Graders of 010-iam: who may take which role on, what its sessions may do, and what was done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudlings.grading.borrowed_role import closed_to_me, fee_told, was_borrowed
from cloudlings.grading.bucket_grants import nobody_else
from cloudlings.grading.delete_rules import deletes_refused, over_masters
from cloudlings.grading.folder_rules import lists_no_other_folder, no_use_to_a_session, person
from cloudlings.grading.graders import Account, Because, Brief, not_attempted_unless, task
from cloudlings.grading.machine_roles import (
    keys_with_state,
    machines,
    profiles_role,
    task_definition,
    task_role,
)
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.roles import (
    OVER_TLS,
    may_exactly,
    only_takes_on,
    require_role,
    role_named,
    session,
)
from cloudlings.grading.s3_state import bucket_policy, or_none, require_bucket
from cloudlings.grading.truth_rules import WORDS, decided, misjudged
from cloudlings.iam import Policies

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
    people = {name: person(account, name, bucket) for name in brief.presenters}
    found = [who.policies for who in people.values()]
    not_attempted_unless(
        any(policies.identity or policies.groups or policies.boundary for policies in found),
        f"{' and '.join(people)} have no policy yet, neither of their own nor by their group.",
    )
    for name, who in people.items():
        lists_no_other_folder(brief, name, who, bucket)
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
        no_use_to_a_session(account, brief, name, who.policies, list(who.context))


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
    laid = [each for policy in inherited.identity for each in policy.statements]
    not_attempted_unless(
        [each for policy in editor.policies.identity for each in policy.statements] != laid
        or editor.policies.resource
        or editor.policies.boundary,
        f"The policies of {brief.editors_role} and of {brief.masters} are as the lab laid them.",
    )
    deletes_refused(account, brief, editor, masters)
    refused = {"Effect": "Deny", "Action": MAY_BE_REFUSED, "Resource": [masters, f"{masters}/*"]}
    needed = Policies(identity=(*inherited.identity, readable(document(refused), "work")))
    example = first_example(over_masters(account, editor, editor.policies, needed, masters), "under")
    assert example is None, Because(
        found=f"The policies that count for {brief.editors_role} were put to everything that editors did "
        f"in {brief.masters} before, deleting apart.",
        consequence=f"{sentence(example, without=OVER_TLS)}: the editors cannot work.",
        counterexample=decided_by(example),
        concept="A Deny takes away what it matches, all of it. Refuse what is wrong, and only that.",
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
    nobody_else(account, brief, policy, most)


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
        set(said.values()) - {"none"}, 'No answer "table" with a word for any row was handed in yet.'
    )
    lacking = [name for name in brief.table if said.get(name) not in WORDS.values()]
    assert not lacking, Because(
        found=f'The answer "table" has no verdict for {", ".join(lacking[:4])}: each of the sixteen rows is '
        "allowed, explicit or implicit.",
        consequence="A request that nobody has thought through is decided all the same.",
        concept="Every request ends in one of three ways: allowed, refused by a Deny, refused for want of an "
        "Allow.",
    )
    truth = {name: WORDS[decided(account, row).outcome] for name, row in brief.table.items()}
    wrong = [name for name in truth if said[name] != truth[name]]
    assert not wrong, misjudged(brief.table, wrong, said)


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
    instances, definition = machines(account), task_definition(account, brief.task_family)
    profiled = [each for each in instances if each.get("IamInstanceProfile")]
    active = [key for key in keys if key["Status"] == "Active"]
    not_attempted_unless(
        profiled or definition or not active,
        f"The instance has no instance profile, {brief.task_family} no task definition, {user} its key.",
    )
    assert instances, Because(
        found=f"No instance is left in {account.region_name}.",
        consequence="Nothing encodes any more.",
        concept="A terminated instance does not come back; reset_lab() lays the start state again.",
    )
    for instance in instances:
        _reads_masters(account, brief, profiles_role(account, instance), "ec2.amazonaws.com", "EC2")
    _reads_masters(
        account, brief, task_role(account, brief, definition), "ecs-tasks.amazonaws.com", "an ECS task"
    )
    assert not keys, Because(
        found=f"{user} still has {keys_with_state(keys)}.",
        consequence="Whoever finds the file, the backup or the message reads the masters, until somebody "
        "thinks of the key."
        if active
        else "The file, the backup and the message still hold a key that one call makes good again.",
        concept="A key works from anywhere and has no end; an inactive one is a call away from active.",
    )


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
    closed_to_me(account, brief, me)
    was_borrowed(account, brief, name)
    fee_told(brief, given)


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
