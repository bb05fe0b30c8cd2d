"""AWS's public images: the same in every account, so that an account's file holds its own images only.

moto gives each account and Region thousands of them, with a snapshot each. They are left out when an account
is written, and made again when it is read.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

_MARK = "_public_of_aws"
_LEFT_OUT = "_public_images_left_out"
# What AWS shows for the volume of a snapshot whose volume is another account's (EC2 User Guide, "View Amazon
# EBS snapshot information").
_NOBODYS_VOLUME = "vol-ffffffff"


def apply() -> None:
    """Mark the public images as moto loads them, and give their snapshots ids that do not change."""
    from moto.ec2.models.amis import AmiBackend

    load = AmiBackend._load_amis

    def load_amis(self: Any) -> None:
        load(self)
        for image in self.amis.values():
            snapshot = image.ebs_snapshot
            self.snapshots.pop(snapshot.id, None)
            snapshot.id = f"snap-0{hashlib.sha256(image.id.encode()).hexdigest()[:16]}"
            snapshot.volume.id = _NOBODYS_VOLUME
            snapshot.start_time = image.creation_date
            self.snapshots[snapshot.id] = snapshot
            setattr(image, _MARK, True)
            setattr(snapshot, _MARK, True)

    AmiBackend._load_amis = load_amis


def reducers() -> dict[type, Callable[[Any], Any]]:
    """How an account's EC2 is pickled: without them."""
    from moto.ec2.models import EC2Backend

    return {EC2Backend: _reduce}


def put_back(services: dict[str, Any]) -> None:
    """Make the public images again in what was read."""
    for backend in dict(services.get("ec2", {})).values():
        if backend.__dict__.pop(_LEFT_OUT, False):
            images, snapshots = backend.amis, backend.snapshots
            backend.amis, backend.snapshots = {}, {}
            backend._load_amis()
            backend.amis.update(images)
            backend.snapshots.update(snapshots)


def _reduce(backend: Any) -> Any:
    make, arguments, state, *more = backend.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    own = {
        name: {key: one for key, one in kept.items() if not hasattr(one, _MARK)}
        for name, kept in (("amis", backend.amis), ("snapshots", backend.snapshots))
    }
    return make, arguments, {**state, **own, _LEFT_OUT: True}, *more
