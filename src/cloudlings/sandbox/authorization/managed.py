"""The documents of AWS's managed policies, as AWS publishes them.

moto ships them all (Apache-2.0), in one large file that is read for one policy at a time.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PREFIX = "arn:aws:iam::aws:policy/"
_ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def is_aws_managed(arn: str) -> bool:
    """Whether a policy is AWS's own."""
    return arn.startswith(_PREFIX)


@lru_cache(maxsize=256)
def document_of(arn: str) -> str | None:
    """The JSON document of one of AWS's managed policies; None for one that is not known."""
    name = arn.removeprefix(_PREFIX).rpartition("/")[2]
    # In every account, so not worth a look into the file.
    found = _ADMINISTRATOR if name == "AdministratorAccess" else _from_file(name)
    return json.dumps(found) if found else None


def _from_file(name: str) -> dict[str, Any] | None:
    spec = find_spec("moto")
    if spec is None or not spec.submodule_search_locations:
        return None
    text = Path(spec.submodule_search_locations[0], "iam", "aws_managed_policies.py").read_text(
        encoding="utf-8"
    )
    start = text.find(f'\n "{name}":{{')
    if start < 0:
        return None
    entry, _ = json.JSONDecoder().raw_decode(text, start + len(f'\n "{name}":'))
    document: dict[str, Any] | str = entry["Document"]
    return json.loads(document) if isinstance(document, str) else document
