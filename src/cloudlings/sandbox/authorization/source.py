"""Where the gateway reads principals, policies and resources from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.emulators.contract import Informant
from cloudlings.sandbox.routes import BY_SERVICE

Facts = Mapping[str, Any]


class Source(ABC):
    """What the authoriser asks of whatever keeps the accounts, as the gateway itself: no policy applies."""

    @abstractmethod
    async def principal(self, access_key_id: str) -> Facts | None:
        """Whoever a key stands for: type, ARN, ids, tags, and the documents of their policies. Asked for a
        principal that has not been seen since the last write to any policy."""

    @abstractmethod
    async def resource(self, arn: str, account_id: str, region: str) -> Facts:
        """A resource's policy, owner, whole ARN and tags, as far as there are any. Asked for each resource
        that has not been seen since the last write."""

    @abstractmethod
    async def object(self, bucket: str, key: str, version: str) -> Facts:
        """An S3 object's KMS key, tags and ACL. Asked when these may matter; never kept."""


class EmulatorSource(Source):
    """Read straight from the emulators' memory, by their control channels; the routes tell which."""

    def __init__(self, informants: Mapping[str, Informant]) -> None:
        self._informants = informants

    async def principal(self, access_key_id: str) -> Facts | None:
        found: Facts | None = await self._of("iam").ask("principal_facts", access_key_id=access_key_id)
        return found

    async def resource(self, arn: str, account_id: str, region: str) -> Facts:
        service = arn.split(":", 3)[2] if arn.startswith("arn:") else "kms"
        if service not in BY_SERVICE:
            return {}
        found: Facts = await self._of(service).ask(
            "resource_facts", arn=arn, account_id=account_id, region=region
        )
        return found

    async def object(self, bucket: str, key: str, version: str) -> Facts:
        found: Facts = await self._of("s3").ask("object_facts", bucket=bucket, key=key, version=version)
        return found

    def _of(self, service: str) -> Informant:
        return self._informants[BY_SERVICE[service].emulator]
