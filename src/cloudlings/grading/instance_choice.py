"""What graders of instance types share: reading their names, and whether a type fits a load.

A load is a mapping of needs: ``vcpu`` and ``gib``; optional ``local_ssd_gb``, ``local_hdd_gb``, ``ghz``,
``gpus``;
``cpu`` says in words how busy it is ("5 %, with short peaks": a burstable type will do).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.task import Because
from cloudlings.models.instance_types import type_name

PEAKS = "peaks"
"""The word by which a load says that it mostly waits."""


def described(account: Account, names: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What EC2 says about the types that there are, by name; others are left out."""
    ec2 = account.client("ec2")
    try:
        found = ec2.describe_instance_types(InstanceTypes=sorted(names)) if names else {"InstanceTypes": []}
    except ClientError:
        # One that is unknown refuses the whole call; a filter leaves it out, and takes its time.
        wanted = [{"Name": "instance-type", "Values": sorted(names)}]
        found = ec2.describe_instance_types(Filters=wanted)
    return {each["InstanceType"]: each for each in found["InstanceTypes"]}


def misread(account: Account, names: Collection[str], given: Any) -> None:
    """Fails the check unless every name is told by family, generation, arm and size."""
    said = given if isinstance(given, Mapping) else {}
    missing = [name for name in names if not isinstance(said.get(name), Mapping)]
    assert not missing, Because(
        found=f'The answer "names" says nothing of {len(missing)} of {len(names)} names, such as '
        f"{missing[:1]}.",
        consequence="The order form stays empty.",
        concept="For each name: family, generation, arm, size.",
    )
    kinds = described(account, names)
    for name in names:
        truth = type_name(name)
        processors = kinds[name]["ProcessorInfo"]["SupportedArchitectures"]
        right = {
            "family": truth.family,
            "generation": truth.generation,
            "arm": "arm64" in processors,
            "size": truth.size,
        }
        for part, value in right.items():
            told = said[name].get(part)
            same = str(told).lower() == str(value).lower()
            assert same, Because(
                found=f"{name}: {part} is told as {told!r}.",
                consequence=_misled(part),
                concept="Family, generation, options, dot, size: letters mean one thing before the number, "
                "and "
                "another after it.",
            )


def _misled(part: str) -> str:
    if part == "arm":
        return "An image of the wrong architecture is chosen, and the launch is refused."
    return "Somebody orders what was not meant, and learns it from the bill."


def fits(account: Account, loads: Mapping[str, Mapping[str, Any]], given: Any) -> None:
    """Fails the check unless each load has a type that gives what it needs, and not twice of it."""
    said = given if isinstance(given, Mapping) else {}
    missing = [load for load in loads if not isinstance(said.get(load), str)]
    assert not missing, Because(
        found=f'The answer "types" has no type for {len(missing)} of {len(loads)} loads: '
        f"{', '.join(missing)}.",
        consequence="They run on what happens to be free.",
        concept="One type's name for each load.",
    )
    kinds = described(account, {str(said[load]) for load in loads})
    for load, needs in loads.items():
        name = said[load]
        assert name in kinds, Because(
            found=f"{load}: there is no type {name!r} in {account.region_name}.",
            consequence="The launch would be refused.",
            concept="Family, generation, options, a dot, a size; not every Region has every type.",
        )
        lack = _unfit(kinds[name], needs)
        assert not lack, Because(
            found=f"{load}: {name} {lack}.",
            consequence="It is too slow, or most of it is paid for and idle.",
            concept="GiB for each vCPU tells the family; then the size; then what only some families have.",
        )


def _unfit(kind: Mapping[str, Any], needs: Mapping[str, Any]) -> str:
    """Why a type is not for a load, in words; "" when it is."""
    for what, has, need in (
        ("vCPUs", kind["VCpuInfo"]["DefaultVCpus"], needs["vcpu"]),
        ("GiB", kind["MemoryInfo"]["SizeInMiB"] / 1024, needs["gib"]),
    ):
        if has < need:
            return f"has {has:g} {what}, and {need:g} are needed"
        if has >= 2 * need:
            return f"has {has:g} {what} where {need:g} are needed: twice or more is paid for"
    if kind["BurstablePerformanceSupported"] and PEAKS not in str(needs["cpu"]):
        return (
            f"is burstable, and the load runs at {needs['cpu']}: above the baseline it is slowed or charged"
        )
    return _lacks_something_of_its_own(kind, needs)


def _lacks_something_of_its_own(kind: Mapping[str, Any], needs: Mapping[str, Any]) -> str:
    disks = kind.get("InstanceStorageInfo", {}).get("Disks", [])
    for medium in ("ssd", "hdd"):
        need = needs.get(f"local_{medium}_gb", 0)
        has = sum(disk["SizeInGB"] * disk["Count"] for disk in disks if disk["Type"] == medium)
        if has < need:
            return f"has {has} GB of {medium} in its host, and {need} are needed"
    clock = kind.get("ProcessorInfo", {}).get("SustainedClockSpeedInGhz") or 0
    if clock < needs.get("ghz", 0):
        return f"has a clock of {clock} GHz, and {needs['ghz']} are needed"
    gpus = sum(gpu["Count"] for gpu in kind.get("GpuInfo", {}).get("Gpus", []))
    return "has no GPU" if gpus < needs.get("gpus", 0) else ""
