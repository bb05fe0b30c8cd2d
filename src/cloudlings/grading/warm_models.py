"""botocore's service models, read once for all the processes that are forked from the one that imports this.

botocore keeps what it has read for each session, and a shell begins with a new one: reading EC2's model anew
takes a good part of the time that an answer takes.
"""

from __future__ import annotations

from typing import Any

from botocore.loaders import JSONFileLoader, Loader

_SERVICES = ("ec2", "iam", "s3", "ssm", "sts")
_KINDS = ("service-2", "endpoint-rule-set-1", "paginators-1")

_load_file = JSONFileLoader.load_file
_read: dict[str, Any] = {}


def _load_file_once(self: JSONFileLoader, file_path: str) -> Any:
    if file_path not in _read:
        _read[file_path] = _load_file(self, file_path)
    return _read[file_path]


JSONFileLoader.load_file = _load_file_once
_loader = Loader()
for _name in ("endpoints", "partitions", "_retry", "sdk-default-configuration"):
    _loader.load_data(_name)
for _service in _SERVICES:
    for _kind in _KINDS:
        _loader.load_service_model(_service, _kind)
