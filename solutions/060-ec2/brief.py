"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

PORTS = (5671, 8080, 8086, 8443, 8883, 9092, 9440)
PREFIXES = ("buoys/", "harbours/", "stations/", "tides/")
NAMES = (
    "c8gn.4xlarge", "m7i-flex.large", "x2iedn.xlarge", "im4gn.large", "t4g.nano", "g5g.2xlarge", "g4dn.xlarge",
    "r6idn.8xlarge", "is4gen.medium", "inf2.xlarge", "z1d.large", "hpc7g.4xlarge", "u7i-12tb.224xlarge",
    "m5zn.metal", "trn1.2xlarge", "c7gd.2xlarge", "p5.48xlarge", "i4i.4xlarge", "d3en.xlarge", "r8g.metal-24xl",
)  # fmt: skip
ALWAYS = ("g4dn.xlarge", "c7gd.2xlarge", "x2iedn.xlarge", "m7i-flex.large")
# Size in GiB, IOPS, MiB/s: each more than gp3 could give until 2025, and well within what it gives now.
DISKS = ((500, 18000, 1125), (600, 20000, 1250), (640, 17000, 1050), (720, 24000, 1500))
BASES = ((200, 10000, 300), (300, 10000, 300), (250, 9000, 350), (400, 12000, 400))
HOT = (30000, 60000, 75000, 100000, 140000, 180000)
RESIZES = (("t3.micro", "t3.medium"), ("t3.nano", "t3.medium"), ("t3.micro", "t3.large"))
STOPPED = ("m7g.large", "m7i.large", "m6i.large", "c7i.large", "m5.2xlarge")


def brief(rng: random.Random) -> dict[str, Any]:
    """Ranges, names, loads, disks and bills of one learner."""
    net, tag = f"10.{rng.randrange(16, 240)}", f"{rng.randrange(16**5):05x}"
    size, iops, throughput = rng.choice(DISKS)
    small, large = rng.choice(RESIZES)
    return {
        "vpc_cidr": f"{net}.0.0/16",
        "subnets": {"web": f"{net}.0.0/24", "app_a": f"{net}.10.0/24", "app_b": f"{net}.11.0/24"},
        "hosts": _hosts(rng, net),
        "port": rng.choice(PORTS),
        "service": f"collector-{tag}",
        "bucket": f"brackwater-{tag}-readings",
        "prefix": rng.choice(PREFIXES),
        "role": f"collector-{tag}",
        "names": _names(rng),
        "loads": _loads(rng),
        "disk_gib": size,
        "disk_iops": iops,
        "disk_throughput": throughput,
        "disk_cap": 5 * round((size * 0.08 + (iops - 3000) * 0.005 + (throughput - 125) * 0.04) * 1.25 / 5),
        **dict(zip(("base_gib", "base_iops", "base_throughput"), rng.choice(BASES), strict=True)),
        "hot_iops": rng.choice(HOT),
        "forecaster_type": small,
        "forecaster_wanted": large,
        "archive_gib": rng.choice((80, 100, 120, 150)),
        **_idle(rng),
    }


def _hosts(rng: random.Random, net: str) -> dict[str, str]:
    last = rng.randrange(20, 180)
    return {
        "relay": f"{net}.0.{last}",
        "forecaster": f"{net}.0.{last + 11}",
        "kiosk": f"{net}.10.{last + 3}",
        "archive": f"{net}.10.{last + 17}",
    }


def _names(rng: random.Random) -> list[str]:
    names = [*ALWAYS, *rng.sample([name for name in NAMES if name not in ALWAYS], 8)]
    rng.shuffle(names)
    return names


def _loads(rng: random.Random) -> list[dict[str, Any]]:
    """Eight loads: what each needs, in numbers."""
    one, two, three = (rng.choice((1, 2)) for _ in range(3))
    always: dict[str, dict[str, Any]] = {
        "status page": {"vcpu": 2, "gib": rng.choice((1, 2, 4)), "cpu": "5 %, with short peaks"},
        "booking portal": {"vcpu": 2 * one, "gib": 8 * one, "cpu": "60 % all day"},
        "wave simulation": {"vcpu": 4 * two, "gib": 8 * two, "cpu": "100 % for hours"},
        "cache of readings": {"vcpu": 2 * three, "gib": 16 * three, "cpu": "40 % all day"},
    }
    more: dict[str, dict[str, Any]] = {
        "chart database in memory": {"vcpu": 4, "gib": 64, "cpu": "50 % all day"},
        "shuffle of the nightly sort": {"vcpu": 2, "gib": 16, "local_ssd_gb": 400, "cpu": "70 % at night"},
        "licensed solver": {"vcpu": 2, "gib": 16, "ghz": 4.0, "cpu": "100 % on one core"},
        "ice seen on pictures": {"vcpu": 4, "gib": 16, "gpus": 1, "cpu": "30 % all day"},
        "tape archive's shelf": {"vcpu": 4, "gib": 32, "local_hdd_gb": 5000, "cpu": "20 % all day"},
    }
    chosen = [*always, *rng.sample(sorted(more), 4)]
    return [{"load": name, **(always | more)[name]} for name in chosen]


def _idle(rng: random.Random) -> dict[str, Any]:
    """A machine that is needed in office hours only."""
    return {
        "idle_type": rng.choice(STOPPED),
        "idle_gib": rng.choice((120, 200, 300, 400)),
        "idle_hours": rng.choice((160, 176, 198, 220)),
        "idle_snapshot_gib": rng.choice((45, 60, 90)),
    }
