"""What one emulator must know of another's: roles, instance profiles, certificates, before a request for one.

They are copied when they are needed rather than when they are written: a stack or another service may
have made them without passing the gateway.
"""

from __future__ import annotations

import json

from cloudlings.sandbox.emulators.contract import Emulator, IdentityKeeper, IdentityMirror
from cloudlings.sandbox.model import Call


class Mirror:
    """Copies identities from the emulator that keeps them to the one about to need them."""

    def __init__(self, keeper: IdentityKeeper) -> None:
        self._keeper = keeper
        self._copied: dict[str, str] = {}

    async def before(self, call: Call, emulator: Emulator) -> None:
        """Bring the emulator up to date if the call may refer to something that the keeper keeps."""
        if not isinstance(emulator, IdentityMirror) or not _names_identity(call):
            return
        identities = await self._keeper.identities(call.account_id)
        version = json.dumps(identities, sort_keys=True)
        if self._copied.get(call.account_id) != version:
            await emulator.adopt_identities(call.account_id, identities)
            self._copied[call.account_id] = version

    def forget(self, account_id: str = "") -> None:
        """Copy anew: the other emulator forgot an account, or was started again ("" for all)."""
        if account_id:
            self._copied.pop(account_id, None)
        else:
            self._copied.clear()


def _names_identity(call: Call) -> bool:
    # A launch template carries its profile to the call that uses it, hence the second half.
    text = call.request.body
    words = (b"InstanceProfile", b"RoleArn", b"LaunchTemplate", b"Certificate")
    return not call.reads and any(word in text for word in words)
