"""Types chosen for loads, and names read."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.instance_choice import fits, misread

LOADS = {
    "portal": {"vcpu": 2, "gib": 8, "cpu": "60 % all day"},
    "page": {"vcpu": 2, "gib": 8, "cpu": "5 %, with short peaks"},
    "sort": {"vcpu": 2, "gib": 16, "local_ssd_gb": 400, "cpu": "70 %"},
    "solver": {"vcpu": 2, "gib": 16, "ghz": 4.0, "cpu": "100 %"},
    "pictures": {"vcpu": 4, "gib": 16, "gpus": 1, "cpu": "30 %"},
    "shelf": {"vcpu": 4, "gib": 32, "local_hdd_gb": 5000, "cpu": "20 %"},
}


def kind(name: str, vcpus: int, gib: float, **more: Any) -> dict[str, Any]:
    """A type as EC2 describes it, as far as it is looked at."""
    return {
        "InstanceType": name,
        "VCpuInfo": {"DefaultVCpus": vcpus},
        "MemoryInfo": {"SizeInMiB": int(gib * 1024)},
        "BurstablePerformanceSupported": name.startswith("t"),
        "ProcessorInfo": {
            "SupportedArchitectures": ["arm64" if "g." in name else "x86_64"],
            **more.pop("cpu", {}),
        },
        **more,
    }


TYPES = [
    kind("m7i.large", 2, 8),
    kind("m7i.xlarge", 4, 16),
    kind("t3.large", 2, 8),
    kind("r7i.large", 2, 16),
    kind("i4i.large", 2, 16, InstanceStorageInfo={"Disks": [{"SizeInGB": 468, "Count": 1, "Type": "ssd"}]}),
    kind("z1d.large", 2, 16, cpu={"SustainedClockSpeedInGhz": 4.0}),
    kind("g4dn.xlarge", 4, 16, GpuInfo={"Gpus": [{"Count": 1}]}),
    kind("d3.xlarge", 4, 32, InstanceStorageInfo={"Disks": [{"SizeInGB": 1980, "Count": 3, "Type": "hdd"}]}),
    kind(
        "i3en.xlarge", 4, 32, InstanceStorageInfo={"Disks": [{"SizeInGB": 2500, "Count": 2, "Type": "ssd"}]}
    ),
]


class Ec2:
    """An account of these types, and a client of itself."""

    region_name = "eu-west-1"

    def client(self, _: str) -> Ec2:
        return self

    def describe_instance_types(self, InstanceTypes: Any = (), Filters: Any = ()) -> Any:  # noqa: N803
        wanted = InstanceTypes or Filters[0]["Values"]
        found = [each for each in TYPES if each["InstanceType"] in wanted]
        if InstanceTypes and len(found) < len(InstanceTypes):
            raise ClientError({"Error": {"Code": "InvalidInstanceType"}}, "DescribeInstanceTypes")
        return {"InstanceTypes": found}


RIGHT = {
    "portal": "m7i.large",
    "page": "t3.large",
    "sort": "i4i.large",
    "solver": "z1d.large",
    "pictures": "g4dn.xlarge",
    "shelf": "d3.xlarge",
}


def told(check: Any, *given: Any) -> str:
    """What a learner reads; "" when it is right."""
    try:
        check(Ec2(), *given)
    except AssertionError as error:
        return str(error)
    return ""


def test_types_that_fit_are_right() -> None:
    """A machine that mostly waits may be burstable, and need not be."""
    assert told(fits, LOADS, RIGHT) == ""
    assert told(fits, LOADS, {**RIGHT, "page": "m7i.large"}) == ""


WRONG = [
    ({"portal": "t3.large"}, "is burstable"),
    ({"portal": "m7i.xlarge"}, "twice or more"),
    ({"sort": "m7i.large"}, "16 are needed"),
    ({"sort": "r7i.large"}, "0 GB of ssd"),
    ({"solver": "r7i.large"}, "a clock of 0 GHz, and 4.0 are needed"),
    ({"shelf": "i3en.xlarge"}, "0 GB of hdd in its host, and 5000"),
    ({"pictures": "m7i.xlarge"}, "no GPU"),
    ({"portal": "m99.large"}, "there is no type"),
]


@pytest.mark.parametrize(("change", "word"), WRONG, ids=lambda value: str(value))
def test_a_type_that_does_not_fit_is_told_why(change: dict[str, str], word: str) -> None:
    """Too little, twice too much, slowed, or without what the load is about."""
    assert word in told(fits, LOADS, {**RIGHT, **change})


@pytest.mark.parametrize("given", [None, "m7i.large", {"portal": 3}])
def test_loads_without_a_type_are_named(given: Any) -> None:
    """What is missing is told by its load."""
    assert "has no type for" in told(fits, LOADS, given)


def test_names_are_read_part_by_part() -> None:
    """A number may come as text; a family with a g is no ARM processor."""
    parts = {"family": "g", "generation": "4", "arm": False, "size": "xlarge"}
    assert told(misread, ["g4dn.xlarge"], {"g4dn.xlarge": parts}) == ""
    wrong_arm = told(misread, ["g4dn.xlarge"], {"g4dn.xlarge": {**parts, "arm": True}})
    assert "arm is told as True" in wrong_arm
    assert "wrong architecture" in wrong_arm
    wrong_size = told(misread, ["g4dn.xlarge"], {"g4dn.xlarge": {**parts, "size": "large"}})
    assert "size is told as 'large'" in wrong_size
    assert "learns it from the bill" in wrong_size
    assert "says nothing of 1" in told(misread, ["g4dn.xlarge"], {})
