"""What the tests of the gateway's own answers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[..., Any], **asked: Any) -> str:
    """The code and message of the error that a call gets."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error.get('Message', '')}"
