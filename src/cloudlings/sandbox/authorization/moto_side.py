"""Inside moto's process: what it tells the gateway about the resources of EC2 and its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Facts = dict[str, Any]


def facts(arn: str, account_id: str, region: str) -> Facts:
    """The tags of a resource, and the attributes that are condition keys of EC2's; {} when it is not
    known."""
    import moto.backends

    parts = arn.split(":", 5)
    if len(parts) != 6:
        return {}
    owner, where = parts[4] or account_id, parts[3] or region
    service = {"elasticloadbalancing": "elbv2"}.get(parts[2], parts[2])
    if service not in ("ec2", "rds", "elbv2", "autoscaling"):
        return {}
    backend = moto.backends.get_backend(service)[owner][where]
    return _READERS[service](backend, arn, parts[5])


def _ec2(backend: Any, arn: str, resource: str) -> Facts:  # noqa: ARG001
    kind, _, name = resource.partition("/")
    if name in ("", "*"):
        return {}
    tags = {tag["key"]: tag["value"] for tag in backend.describe_tags(filters={"resource-id": [name]})}
    found: Facts = {"tags": tags, "keys": {}}
    try:
        reader = _KINDS.get(kind)
        if reader is not None:
            found["keys"] = {
                key: str(value) for key, value in reader(backend, name).items() if value not in (None, "")
            }
        if kind == "security-group":
            found |= _users_of_group(backend, name)
    except Exception:
        found["missing"] = True
    return found


def _users_of_group(backend: Any, name: str) -> Facts:
    """A security group's name, and the ids of what needs it: other groups whose rules name it, and whatever
    carries it."""
    groups = [group for vpc in list(backend.groups.values()) for group in list(vpc.values())]
    naming = [group.id for group in groups if group.id != name and _names(group, name)]
    cards = [card.id for card in list(backend.enis.values()) if any(g.id == name for g in card.group_set)]
    guarded = [key for key, carried in _guarded(backend) if name in carried]
    title = backend.get_security_group_from_id(name).name
    return {"name": title, "dependents": [*naming, *cards, *guarded]}


def _names(group: Any, name: str) -> bool:
    return any(
        rule.source_group.get("GroupId") == name for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _guarded(backend: Any) -> Iterator[tuple[str, Any]]:
    """Databases and load balancers of the backend's account and Region, with the ids of their groups."""
    rds = _there_already("rds", backend)
    if rds is not None:
        for kept in (rds.databases, rds.clusters):
            yield from ((key, one.vpc_security_group_ids) for key, one in list(kept.items()))
    balancing = _there_already("elbv2", backend)
    if balancing is not None:
        yield from ((key, one.security_groups or ()) for key, one in list(balancing.load_balancers.items()))


def _there_already(service: str, backend: Any) -> Any:
    """Another service's backend for the same account and Region; None where it has not been used."""
    import moto.backends

    accounts = moto.backends.get_backend(service)
    account_id, region = backend.account_id, backend.region_name
    if account_id not in accounts or region not in accounts[account_id]:
        return None
    return accounts[account_id][region]


def _instance(backend: Any, name: str) -> Facts:
    one = backend.get_instance(name)
    return {
        "ec2:InstanceType": one.instance_type,
        "ec2:AvailabilityZone": one.placement.zone,
        "ec2:Tenancy": "default",
        "ec2:InstanceID": name,
        "ec2:InstanceProfile": (one.iam_instance_profile or {}).get("Arn")
        if one.iam_instance_profile
        else None,
        "ec2:EbsOptimized": "true" if one.ebs_optimized in (True, "true") else "false",
        "ec2:RootDeviceType": "ebs",
    }


def _in_vpc(backend: Any, vpc: str | None) -> str | None:
    return f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:vpc/{vpc}" if vpc else None


def _subnet(backend: Any, name: str) -> Facts:
    one = backend.get_subnet(name)
    return {
        "ec2:Vpc": _in_vpc(backend, one.vpc_id),
        "ec2:AvailabilityZone": one.availability_zone,
        "ec2:SubnetID": name,
    }


def _group(backend: Any, name: str) -> Facts:
    one = backend.get_security_group_from_id(name)
    return {"ec2:Vpc": _in_vpc(backend, one.vpc_id), "ec2:SecurityGroupID": name}


def _route_table(backend: Any, name: str) -> Facts:
    return {"ec2:Vpc": _in_vpc(backend, backend.get_route_table(name).vpc_id), "ec2:RouteTableID": name}


def _volume(backend: Any, name: str) -> Facts:
    one = backend.volumes[name]
    return {
        "ec2:VolumeSize": one.size, "ec2:VolumeType": one.volume_type, "ec2:VolumeID": name,
        "ec2:Encrypted": "true" if one.encrypted else "false", "ec2:AvailabilityZone": one.zone.name,
    }  # fmt: skip


def _image(backend: Any, name: str) -> Facts:
    one = backend.amis[name]
    return {
        "ec2:ImageID": name, "ec2:Owner": one.owner_id, "ec2:RootDeviceType": one.root_device_type,
        "ec2:Public": "true" if one.is_public else "false", "ec2:ImageType": one.image_type,
    }  # fmt: skip


def _vpc(backend: Any, name: str) -> Facts:
    one = backend.get_vpc(name)
    tenancy = getattr(one, "instance_tenancy", None)
    return {"ec2:VpcID": name, "ec2:Vpc": _in_vpc(backend, name), "ec2:Tenancy": tenancy}


_KINDS: dict[str, Callable[[Any, str], Facts]] = {
    "instance": _instance, "subnet": _subnet, "security-group": _group, "route-table": _route_table,
    "volume": _volume, "image": _image, "vpc": _vpc,
}  # fmt: skip


def _tagged_in_rds(backend: Any, arn: str, resource: str) -> Facts:  # noqa: ARG001
    return {"tags": _pairs(backend.list_tags_for_resource(arn))}


def _tagged_in_elb(backend: Any, arn: str, resource: str) -> Facts:  # noqa: ARG001
    return {"tags": dict(backend.tagging_service.get_tag_dict_for_resource(arn))}


def _group_of_instances(backend: Any, arn: str, resource: str) -> Facts:  # noqa: ARG001
    group = backend.autoscaling_groups.get(resource.rpartition("/")[2])
    return {"tags": _pairs(group.tags), "arn": group.arn} if group else {}


def _pairs(tags: Any) -> dict[str, str]:
    return {
        str(tag.get("Key") or tag.get("key")): str(tag.get("Value") or tag.get("value") or "")
        for tag in tags or ()
    }


_READERS: dict[str, Callable[[Any, str, str], Facts]] = {
    "ec2": _ec2, "rds": _tagged_in_rds, "elbv2": _tagged_in_elb, "autoscaling": _group_of_instances,
}  # fmt: skip
