"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

APP_PORTS, DATABASE_PORTS = (8080, 8443, 9000, 9443, 3000), (5432, 3306, 1521, 1433)
# What the kiosks' machines talk about; the ports of three incidents are drawn from these.
KIOSK_PORTS = (8883, 5671, 9100, 631, 7400, 6379, 8500, 2049)
SERVICES = (2, 3, 4, 5)
SERVICE_GB, S3_GB = (300, 1500, 4000), (900, 2500, 6000)
FLOWS = (
    "web > reports tcp 80",
    "web > reports tcp 22",
    "reports > data tcp {database}",
    "reports > internet tcp 443",
    "reports > neighbour tcp 22",
    "reports > reports-b tcp 80",
)
MORE_FLOWS = (
    "web > reports tcp 443",
    "web > reports tcp {app}",
    "web > reports udp 53",
    "app > reports tcp 80",
    "data > reports tcp 443",
    "data > reports tcp 22",
    "reports > web tcp 443",
    "reports-b > reports tcp 443",
    "neighbour > reports tcp {database}",
)


def brief(rng: random.Random) -> dict[str, Any]:
    """Ranges, ports, addresses, the flows to predict and the traffic of one learner."""
    net, kiosk = f"10.{rng.randrange(16, 120)}", f"10.{rng.randrange(130, 250)}"
    app_port, database_port = rng.choice(APP_PORTS), rng.choice(DATABASE_PORTS)
    flows = [*FLOWS, *rng.sample(MORE_FLOWS, 4)]
    rng.shuffle(flows)
    tag = f"{rng.randrange(16**5):05x}"
    return {
        "vpc_cidr": f"{net}.0.0/16",
        "subnets": {
            "web": [f"{net}.0.0/24", f"{net}.1.0/24"],
            "app": [f"{net}.10.0/24", f"{net}.11.0/24"],
            "reports": [f"{net}.15.0/24", f"{net}.16.0/24"],
            "data": [f"{net}.20.0/24", f"{net}.21.0/24"],
        },
        "app_port": app_port,
        "database_port": database_port,
        "hosts": _hosts(rng, net),
        "office": f"198.51.100.{rng.randrange(10, 240)}",
        "flows": [flow.format(app=app_port, database=database_port) for flow in flows],
        "bucket": f"hazelmere-{tag}-letters",
        "table": f"appointments-{tag}",
        "secret": f"portal/{tag}/database",
        "endpoints": rng.choice(SERVICES),
        "service_gb": rng.choice(SERVICE_GB),
        "s3_gb": rng.choice(S3_GB),
        **_kiosk(rng, kiosk),
    }


def _hosts(rng: random.Random, net: str) -> dict[str, str]:
    last = rng.randrange(20, 200)
    return {
        "front_a": f"{net}.0.{last}",
        "front_b": f"{net}.1.{last}",
        "bastion": f"{net}.0.{last + 7}",
        "app_a": f"{net}.10.{last}",
        "app_b": f"{net}.11.{last}",
        "mailer": f"{net}.10.{last + 9}",
        "db_a": f"{net}.20.{last}",
        "db_b": f"{net}.21.{last}",
    }


def _kiosk(rng: random.Random, net: str) -> dict[str, Any]:
    """The kiosks' network: three machines, and three incidents with a port each."""
    last = rng.randrange(20, 200)
    ports = rng.sample(KIOSK_PORTS, 3)
    return {
        "kiosk_cidr": f"{net}.0.0/16",
        "kiosk_hosts": {
            "till": f"{net}.1.{last}",
            "ledger": f"{net}.2.{last}",
            "printer": f"{net}.2.{last + 5}",
        },
        "incidents": dict(zip(("r1", "r2", "r3"), ports, strict=True)),
        "rule_numbers": sorted(rng.sample(range(60, 180, 5), 4)),
    }
