"""What graders of lifecycle hooks ask: does a machine wait before it goes, long enough, and who hears?"""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.account import Account
from cloudlings.grading.scaling_state import Raw, drainer, event, groups_of, heard, terminates
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown

LEAVING = "autoscaling:EC2_INSTANCE_TERMINATING"


def waits_to_go(name: str, hooks: Sequence[Raw], least: int) -> None:
    """Fails the check unless a group's hooks hold a machine that goes for ``least`` seconds to twice that."""
    leaving = [one for one in hooks if one["LifecycleTransition"] == LEAVING]
    assert leaving, Because(
        found=f"Group {name} has a hook at {shown([one['LifecycleTransition'] for one in hooks])}.",
        consequence="A machine that goes takes its last logs with it.",
        concept="A machine waits at a hook of the transition that it is in: being launched, or being "
        "terminated.",
    )
    waits = max(int(one.get("HeartbeatTimeout", 3600)) for one in leaving)
    assert least <= waits <= 2 * least, Because(
        found=f"A machine of group {name} waits up to {waits} seconds; its logs take up to {least}.",
        consequence="It is gone before its last logs are."
        if waits < least
        else "When the drain program is down, each machine that goes is paid for until the timeout, and "
        "the group "
        "is slow to shrink and to repair itself.",
        concept="The timeout is for the day on which nobody says done: long enough for the work, and not "
        "much "
        "longer.",
    )


def is_heard_of(account: Account, name: str) -> None:
    """Fails the check unless the drain program hears of machines of the group that go, and of no others."""
    hooks = account.client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=name)[
        "LifecycleHooks"
    ]
    leaving = [one["LifecycleHookName"] for one in hooks if one["LifecycleTransition"] == LEAVING] or ["any"]
    arns = {one["AutoScalingGroupName"]: one["AutoScalingGroupARN"] for one in groups_of(account)}
    heard_of = [
        rule
        for hook in leaving
        for rule in heard(account, terminates(account, name, hook=hook, about=[arns[name]]), drainer(account))
    ]
    assert heard_of, Because(
        found=f"The event of a terminating machine of group {name} was put to EventBridge's rules. None "
        f"takes it and "
        "hands it to the queue drainer.",
        consequence="Machines wait at the hook, and nobody knows: every one waits for the whole timeout.",
        concept="A hook holds; an event tells; a target hears. A pattern lists the values that it takes, "
        "key by key.",
    )
    strangers = dict.fromkeys(("another-group", f"{name}-2", f"old-{name}"), "arn:else") | arns
    others = [
        terminates(account, each, hook=hook, about=[arn])
        for each, arn in strangers.items()
        if each != name
        for hook in leaving
    ]
    launched = {"AutoScalingGroupName": name, "EC2InstanceId": "i-0aaaabbbbccccdddd"}
    others += [terminates(account, name, "launch", hook=hook, about=[arns[name]]) for hook in leaving]
    others += [
        event(account, "aws.autoscaling", f"EC2 Instance {what} Successful", [arns[name]], **launched)
        for what in ("Launch", "Terminate")
    ]
    for other in others:
        wrong = heard(account, other, drainer(account))
        assert not wrong, Because(
            found=f"Rule {wrong[0]} also takes “{other['detail-type']}” of group "
            f"{other['detail']['AutoScalingGroupName']}.",
            consequence="The drain program fetches logs from machines that are being born, that are gone, or "
            "that are not ours.",
            concept="A pattern that names less takes more.",
        )
