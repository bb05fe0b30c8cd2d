"""Private keys in an emulator's state: they refuse to be pickled, so their encoding is kept instead.

moto makes one for its own key of EBS with the first encrypted disk; an account that cannot be pickled
would not be saved from then on.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
from collections.abc import Callable, Mapping
from typing import Any


def encoded(key: Any) -> bytes:
    """A private key of the cryptography package as unencrypted PKCS #8 (DER)."""
    from cryptography.hazmat.primitives import serialization

    found: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return found


def decoded(found: bytes) -> Any:
    """The private key of `encoded`."""
    from cryptography.hazmat.primitives import serialization

    return serialization.load_der_private_key(found, password=None)


def dumps(item: Any, reducers: Mapping[type, Callable[[Any], Any]] | None = None) -> bytes:
    """Pickle a tree of objects that may hold private keys; ``reducers`` of other types, as ``copyreg`` takes
    them. `pickle.loads` reads it."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    # A table of types costs nothing for the other objects; a reducer_override is asked for each of them.
    pickler.dispatch_table = {**copyreg.dispatch_table, **_reducers(), **(reducers or {})}
    pickler.dump(item)
    return buffer.getvalue()


def _reducers() -> dict[type, Callable[[Any], Any]]:
    if "cryptography" not in sys.modules:
        return {}  # without the package there is no key of it
    from cryptography.hazmat.bindings._rust import openssl

    return {openssl.rsa.RSAPrivateKey: _reduce, openssl.ec.ECPrivateKey: _reduce}


def _reduce(key: Any) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
    return decoded, (encoded(key),)
