"""Images, the disks of a launch and what a machine wears, put right where moto keeps them.

moto makes an image of nothing (one empty snapshot of 15 GiB), gives a machine no root disk when the launch
names another disk, and forgets there IOPS, throughput and encryption by default. ``apply`` is called once,
in moto's own process, before anything is stored.
"""

from __future__ import annotations

from copy import copy as copied
from typing import Any

VOLUME_OF_A_COPY = "vol-ffffffff"
"""What a copied snapshot says that it is of."""

LAUNCH_SIZE = 8
"""GiB of the root disk of Amazon Linux images, which moto launches all of Amazon's images with."""


def apply() -> None:
    """Correct what EC2 keeps of images, launches, copies of snapshots and metadata options."""
    _disks_of_images()
    _images_of_instances()
    _disks_of_launches()
    _mappings_as_asked()
    _detached_by_its_own_name()
    _copies_of_snapshots()
    _copies_of_images()
    _images_of_snapshots()
    _without_some_disks()
    _metadata_options()
    _groups_of_interfaces()


def _disks_of_images() -> None:
    """An image's disks are those of its snapshots (EC2 User Guide, "Block device mapping in an AMI")."""
    from moto.ec2.models.amis import Ami

    def block_device_mappings(self: Any) -> list[dict[str, Any]]:
        return list(getattr(self, "disks", None) or [_root_disk(self)])

    Ami.block_device_mappings = property(block_device_mappings)


def _root_disk(image: Any) -> dict[str, Any]:
    kind = "gp3" if str(image.name).startswith("al20") else "gp2"
    ebs = {"SnapshotId": image.ebs_snapshot.id, "VolumeSize": LAUNCH_SIZE, "DeleteOnTermination": True}
    return {"DeviceName": image.root_device_name, "Ebs": {**ebs, "VolumeType": kind, "Encrypted": False}}


def _images_of_instances() -> None:
    """An image has a snapshot of each disk that its instance has, as encrypted as the disk (EC2 API
    reference, CreateImage; its TagSpecifications may name the snapshots)."""
    from moto.ec2.models.amis import AmiBackend

    create = AmiBackend.create_image

    def create_image(
        self: Any, instance_id: str, name: str, description: str, tag_specifications: list[dict[str, Any]]
    ) -> Any:
        own = [each for each in tag_specifications if each["ResourceType"] != "snapshot"]
        image = create(self, instance_id, name, description, own)
        instance = self.get_instance(instance_id)
        disks = [_taken(self, image, each) for each in instance.get_block_device_mapping]
        if disks:
            self.snapshots.pop(image.ebs_snapshot.id, None)
            image.ebs_snapshot = self.snapshots[disks[0]["Ebs"]["SnapshotId"]]
            image.disks = disks
        image.root_device_name, image.root_device_type = _root_name(self, instance), "ebs"
        image.source_image_id, image.source_image_region = instance.image_id, self.region_name
        image.source_name = getattr(self.amis.get(instance.image_id), "name", "")
        tags = [t for each in tag_specifications if each["ResourceType"] == "snapshot" for t in each["Tags"]]
        for disk in disks:
            self.snapshots[disk["Ebs"]["SnapshotId"]].add_tags({tag["Key"]: tag["Value"] for tag in tags})
        return image

    AmiBackend.create_image = create_image


def _root_name(backend: Any, instance: Any) -> str:
    image = backend.amis.get(instance.image_id)
    return str(image.root_device_name if image else instance.root_device_name)


def _taken(backend: Any, image: Any, disk: tuple[str, Any]) -> dict[str, Any]:
    device, block = disk
    volume = backend.volumes[block.volume_id]
    text = f"Created by CreateImage({image.instance_id}) for {image.id}"
    snapshot = backend.create_snapshot(volume.id, text, from_ami=image.id)
    ebs = {
        "SnapshotId": snapshot.id,
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type,
        "DeleteOnTermination": bool(block.delete_on_termination),
        "Encrypted": bool(volume.encrypted),
    }
    figures = {"Iops": volume.iops, "Throughput": volume.throughput}
    return {"DeviceName": device, "Ebs": ebs | {key: value for key, value in figures.items() if value}}


def _without_some_disks() -> None:
    """An image leaves out the disks that its request says NoDevice of (EC2 API reference, CreateImage)."""
    from moto.ec2.responses.amis import AmisResponse

    create = AmisResponse.create_image

    def create_image(self: Any) -> Any:
        answer = create(self)
        image = self.ec2_backend.amis[answer.result["ImageId"]]
        asked = {each["DeviceName"]: each for each in self._get_param("BlockDeviceMappings", [])}
        out = {device for device, each in asked.items() if "NoDevice" in each}
        for disk in [each for each in getattr(image, "disks", []) if each["DeviceName"] in out]:
            image.disks.remove(disk)
            self.ec2_backend.snapshots.pop(disk["Ebs"]["SnapshotId"], None)
        for disk in getattr(image, "disks", []):
            changed = (asked.get(disk["DeviceName"], {}).get("Ebs") or {}).get("DeleteOnTermination")
            if changed is not None:
                disk["Ebs"]["DeleteOnTermination"] = changed
        return answer

    AmisResponse.create_image = create_image


def _disks_of_launches() -> None:
    """A launch makes the image's disks, changed and added to by its own mappings (EC2 User Guide, "Instance
    block device mapping"); with encryption by default, all of them are encrypted."""
    from moto.ec2.models.instances import InstanceBackend

    launch = InstanceBackend.run_instances

    def run_instances(self: Any, image_id: str, *args: Any, **kwargs: Any) -> Any:
        image = self.amis.get(image_id or _template(self, kwargs).get("ImageId"))
        if image is None or kwargs.get("launch_config"):
            return launch(self, image_id, *args, **kwargs)
        disks = _merged(self, image, _asked(self, kwargs))
        plain = [{**disk, "Ebs": _without_iops(disk["Ebs"])} for disk in disks]
        started = launch(self, image_id, *args, **{**kwargs, "block_device_mappings": plain})
        for instance in started.instances:
            _with_figures(self, instance, {disk["DeviceName"]: disk["Ebs"] for disk in disks})
        return started

    InstanceBackend.run_instances = run_instances


def _asked(backend: Any, kwargs: dict[str, Any]) -> list[dict[str, Any]]:
    if "block_device_mappings" in kwargs:
        return list(kwargs["block_device_mappings"] or [])
    return list(_template(backend, kwargs).get("BlockDeviceMappings") or [])


def _template(backend: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    if not kwargs.get("launch_template"):
        return {}
    found: dict[str, Any] = backend._get_template_from_args(kwargs["launch_template"]).data
    return found


def _merged(backend: Any, image: Any, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from moto.ec2.exceptions import MissingParameterError

    wanted = {disk["DeviceName"]: disk for disk in asked}
    disks = {disk["DeviceName"]: dict(disk["Ebs"]) for disk in image.block_device_mappings}
    # moto's snapshots of Amazon's images hold 15 GiB whatever the image is.
    if not getattr(image, "disks", None):
        disks[image.root_device_name].pop("SnapshotId")
    for device, disk in wanted.items():
        disks[device] = disks.get(device, {"DeleteOnTermination": True}) | (disk.get("Ebs") or {})
    gone = {device for device, disk in wanted.items() if "NoDevice" in disk}
    for device, ebs in disks.items():
        if device not in gone and not {"VolumeSize", "SnapshotId"} & set(ebs):
            raise MissingParameterError("size or snapshotId")
        snapshot = backend.snapshots.get(ebs.get("SnapshotId"))
        on = backend.ebs_encryption_by_default or (snapshot is not None and snapshot.encrypted)
        ebs["Encrypted"] = bool(ebs.get("Encrypted") or on)
        if ebs.get("VolumeSize") is None and snapshot is not None:
            ebs["VolumeSize"] = snapshot.volume.size
    return [{"DeviceName": device, "Ebs": ebs} for device, ebs in disks.items() if device not in gone]


def _without_iops(ebs: dict[str, Any]) -> dict[str, Any]:
    """moto's launches pass no IOPS on, and so cannot make the types that need them: they follow."""
    return {**ebs, "VolumeType": "gp3"} if ebs.get("VolumeType") in ("io1", "io2") else ebs


def _with_figures(backend: Any, instance: Any, disks: dict[str, dict[str, Any]]) -> None:
    for device, block in instance.get_block_device_mapping:
        volume, asked = backend.volumes[block.volume_id], disks.get(device, {})
        volume.volume_type = asked.get("VolumeType") or volume.volume_type
        volume.iops = asked.get("Iops") or volume.iops
        volume.throughput = asked.get("Throughput") or volume.throughput


def _mappings_as_asked() -> None:
    """A launch's mapping says what it says; what it leaves out is the image's, or a default (EC2 API
    reference, EbsBlockDevice). moto fills in "no" before anybody can tell, and wants a size of
    the image's own disks."""
    from moto.ec2.responses.instances import InstanceResponse

    def _parse_block_device_mapping(self: Any) -> list[dict[str, Any]]:
        asked = self._get_param("BlockDeviceMappings", [])
        return [{**mapping, "Ebs": dict(mapping.get("Ebs") or {})} for mapping in asked]

    InstanceResponse._parse_block_device_mapping = _parse_block_device_mapping


def _detached_by_its_own_name() -> None:
    """A volume is detached by its id alone (EC2 API reference, DetachVolume: InstanceId is optional)."""
    from moto.ec2.models.elastic_block_store import EBSBackend

    detach = EBSBackend.detach_volume

    def detach_volume(self: Any, volume_id: str, instance_id: str | None, device_path: str | None) -> Any:
        link = self.get_volume(volume_id).attachment
        return detach(self, volume_id, instance_id or (link.instance.id if link else ""), device_path)

    EBSBackend.detach_volume = detach_volume


def _copies_of_snapshots() -> None:
    """A copy of a snapshot can be encrypted where the snapshot is not, and shows an arbitrary volume (EC2 API
    reference, CopySnapshot; Snapshot, volumeId)."""
    from moto.ec2.responses.elastic_block_store import ElasticBlockStore

    copy_it = ElasticBlockStore.copy_snapshot

    def copy_snapshot(self: Any) -> Any:
        answer = copy_it(self)
        made = self.ec2_backend.snapshots[answer.result["SnapshotId"]]
        asked = str(self._get_param("Encrypted")).lower() == "true"
        made.encrypted = made.encrypted or asked or self.ec2_backend.ebs_encryption_by_default
        made.volume = copied(made.volume)
        made.volume.id = VOLUME_OF_A_COPY
        return answer

    ElasticBlockStore.copy_snapshot = copy_snapshot


def _copies_of_images() -> None:
    """A copy of an image has a copy of each of its snapshots, encrypted where that is asked for, and names
    the image that it is of (EC2 API reference, CopyImage; Image, sourceImageId)."""
    from moto.ec2.models import ec2_backends
    from moto.ec2.responses.amis import AmisResponse

    copy_it = AmisResponse.copy_image

    def copy_image(self: Any) -> Any:
        answer = copy_it(self)
        backend, region = self.ec2_backend, self._get_param("SourceRegion")
        source = ec2_backends[self.current_account][region].amis[self._get_param("SourceImageId")]
        made = backend.amis[answer.result["ImageId"]]
        asked = str(self._get_param("Encrypted")).lower() == "true" or backend.ebs_encryption_by_default
        made.source_image_id, made.source_image_region = source.id, region
        made.root_device_name, made.root_device_type = source.root_device_name, source.root_device_type
        disks = [each for each in source.block_device_mappings if "SnapshotId" in each.get("Ebs", {})]
        made.disks = [_copied(backend, disk, region, asked) for disk in disks]
        if made.disks:
            backend.snapshots.pop(made.ebs_snapshot.id, None)
            made.ebs_snapshot = backend.snapshots[made.disks[0]["Ebs"]["SnapshotId"]]
        return answer

    AmisResponse.copy_image = copy_image


def _copied(backend: Any, disk: dict[str, Any], region: str, encrypted: bool) -> dict[str, Any]:
    ebs = disk["Ebs"]
    made = backend.copy_snapshot(ebs["SnapshotId"], region, "Copied for an image", None)
    made.encrypted = bool(encrypted or ebs.get("Encrypted"))
    made.volume = copied(made.volume)
    made.volume.id, made.volume.size = VOLUME_OF_A_COPY, ebs["VolumeSize"]
    return {**disk, "Ebs": {**ebs, "SnapshotId": made.id, "Encrypted": made.encrypted}}


def _images_of_snapshots() -> None:
    """A registered image has the disks and the properties that its request names (EC2 API reference,
    RegisterImage)."""
    from moto.ec2.responses.amis import AmisResponse

    register = AmisResponse.register_image

    def register_image(self: Any) -> Any:
        answer = register(self)
        image = self.ec2_backend.amis[answer.result["ImageId"]]
        image.architecture = self._get_param("Architecture") or "i386"
        image.virtualization_type = self._get_param("VirtualizationType") or "paravirtual"
        image.root_device_name = self._get_param("RootDeviceName") or image.root_device_name
        image.disks = [
            _registered(self.ec2_backend, each) for each in self._get_param("BlockDeviceMappings", [])
        ]
        if image.disks:
            self.ec2_backend.snapshots.pop(image.ebs_snapshot.id, None)
            named = (disk["Ebs"].get("SnapshotId") for disk in image.disks)
            image.root_device_type = "ebs"
            image.ebs_snapshot = next(
                (self.ec2_backend.snapshots[name] for name in named if name), image.ebs_snapshot
            )
        return answer

    AmisResponse.register_image = register_image


def _registered(backend: Any, disk: dict[str, Any]) -> dict[str, Any]:
    ebs = dict(disk.get("Ebs") or {})
    snapshot = backend.snapshots.get(ebs.get("SnapshotId"))
    of = {"VolumeSize": snapshot.volume.size, "Encrypted": bool(snapshot.encrypted)} if snapshot else {}
    return {**disk, "Ebs": {"DeleteOnTermination": True, "VolumeType": "gp2", **of, **ebs}}


def _metadata_options() -> None:
    """What a change of the metadata options does not name stays (EC2 API reference,
    ModifyInstanceMetadataOptions)."""
    from moto.ec2.models.instances import InstanceBackend

    modify = InstanceBackend.modify_instance_metadata_options

    def modify_instance_metadata_options(self: Any, instance_id: str, **asked: Any) -> Any:
        before = self.get_instance(instance_id).metadata_options
        kept = {
            "http_tokens": before.http_tokens,
            "hop_limit": before.http_put_response_hop_limit,
            "http_endpoint": before.http_endpoint,
            "http_protocol": before.http_protocol_ipv6,
            "metadata_tags": before.instance_metadata_tags,
        }
        given = {key: value for key, value in asked.items() if value is not None}
        return modify(self, instance_id, **{**kept, **given})

    InstanceBackend.modify_instance_metadata_options = modify_instance_metadata_options


def _groups_of_interfaces() -> None:
    """An interface has its own groups and no others; an instance's are those of its first interface (EC2 API
    reference, ModifyInstanceAttribute, Groups; ModifyNetworkInterfaceAttribute)."""
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
    from moto.ec2.models.instances import InstanceBackend

    of_instance = InstanceBackend.modify_instance_security_groups
    of_interface = NetworkInterfaceBackend.modify_network_interface_attribute

    def group_set(self: Any) -> Any:
        return self._group_set or list(self.instance.security_groups if self.instance else [])

    def modify_instance_security_groups(self: Any, instance_id: str, new_group_id_list: list[str]) -> Any:
        instance = of_instance(self, instance_id, new_group_id_list)
        instance.nics[0]._group_set = list(instance.security_groups)
        return instance

    def modify_network_interface_attribute(self: Any, eni_id: str, *args: Any, **kwargs: Any) -> Any:
        found = of_interface(self, eni_id, *args, **kwargs)
        card = self.enis[eni_id]
        if card.instance and card.instance.nics.get(0) is card:
            card.instance.security_groups = list(card.group_set)
        return found

    NetworkInterface.group_set = property(group_set)
    InstanceBackend.modify_instance_security_groups = modify_instance_security_groups
    NetworkInterfaceBackend.modify_network_interface_attribute = modify_network_interface_attribute
