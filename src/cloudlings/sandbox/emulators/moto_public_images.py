"""AWS's public images: the same in every account, so that an account's file holds its own images only.

moto gives each account and Region thousands of them, with a snapshot each. They are made once for a Region
and copied for its accounts; they are left out when an account is written, and copied again when it is read.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

_MARK = "_public_of_aws"
_MUTABLE = frozenset((list, set, dict))
_LEFT_OUT = "_public_images_left_out"
# What AWS shows for the volume of a snapshot whose volume is another account's (EC2 User Guide, "View Amazon
# EBS snapshot information").
_NOBODYS_VOLUME = "vol-ffffffff"


def apply() -> None:
    """Copy the public images where moto would make them anew for each account."""
    from moto.ec2.models.amis import AmiBackend

    load = AmiBackend._load_amis
    made: dict[str, list[Any]] = {}

    def load_amis(self: Any) -> None:
        if self.region_name not in made:
            load(self)
            _mark(self)
            # Before anybody can change what the first account has.
            made[self.region_name] = [_copied(image, None) for image in self.amis.values()]
            return
        for pattern in made[self.region_name]:
            image = _copied(pattern, self)
            self.amis[image.id] = image
            self.snapshots[image.ebs_snapshot.id] = image.ebs_snapshot

    AmiBackend._load_amis = load_amis


def _mark(backend: Any) -> None:
    """Mark what moto loaded, and give its snapshots ids that do not change."""
    for image in backend.amis.values():
        snapshot = image.ebs_snapshot
        backend.snapshots.pop(snapshot.id, None)
        snapshot.id = f"snap-0{hashlib.sha256(image.id.encode()).hexdigest()[:16]}"
        snapshot.volume.id = _NOBODYS_VOLUME
        snapshot.start_time = image.creation_date
        backend.snapshots[snapshot.id] = snapshot
        setattr(image, _MARK, True)
        setattr(snapshot, _MARK, True)


def _copied(image: Any, backend: Any) -> Any:
    """An image for another account, with its snapshot and the volume of that: nothing is shared but what
    never changes."""
    found = _copy(image, backend)
    snapshot = found.ebs_snapshot = _copy(image.ebs_snapshot, backend)
    snapshot.volume = _copy(image.ebs_snapshot.volume, backend)
    return found


def _copy(one: Any, backend: Any) -> Any:
    # Past moto's own __new__, which keeps a list of all that was ever made.
    found = object.__new__(type(one))
    own = found.__dict__
    own.update(one.__dict__)
    for name, value in one.__dict__.items():
        if type(value) in _MUTABLE:
            own[name] = value.copy()
    own["ec2_backend"] = backend
    return found


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
