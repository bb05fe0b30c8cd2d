"""PNG pictures without a library: read one, make it smaller, write it.

Standard library only: this very file is also the layer that functions of a lab import. It knows 8 bits a
sample (grey, RGB, each with or without alpha) and no interlacing. Source: W3C, Portable Network Graphics
(PNG) Specification: chunk layout, IHDR, filter types.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_COLOUR_TYPES = {samples: kind for kind, samples in _SAMPLES.items()}


@dataclass(frozen=True)
class Picture:
    """Rows of pixels from the top; a pixel is ``samples`` bytes: grey, grey and alpha, RGB, RGB and alpha."""

    width: int
    height: int
    samples: int
    rows: tuple[bytes, ...]

    def at(self, x: int, y: int) -> tuple[int, ...]:
        """The pixel in a column and a row, counted from 0."""
        return tuple(self.rows[y][x * self.samples : (x + 1) * self.samples])


def painted(width: int, height: int, colour: Callable[[int, int], tuple[int, ...]]) -> Picture:
    """A picture in which ``colour(x, y)`` gives each pixel."""
    rows = [b"".join(bytes(colour(x, y)) for x in range(width)) for y in range(height)]
    return Picture(width, height, len(colour(0, 0)), tuple(rows))


def read(data: bytes) -> Picture:
    """A picture from the bytes of a PNG file. ValueError for what is none, or of a kind not known here."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("This is no PNG picture.")
    try:
        chunks = list(_chunks(data))
        header = dict(chunks)[b"IHDR"]
        width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", header)
        packed = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    except (KeyError, struct.error, zlib.error) as error:
        raise ValueError(f"This PNG picture is broken: {error}.") from None
    if depth != 8 or kind not in _SAMPLES or interlace:
        raise ValueError(f"Colour type {kind} with {depth} bits, interlace {interlace}: not known here.")
    return Picture(width, height, _SAMPLES[kind], tuple(_unfiltered(packed, width * _SAMPLES[kind], kind)))


def write(picture: Picture) -> bytes:
    """The bytes of a PNG file."""
    kind = _COLOUR_TYPES[picture.samples]
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, kind, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\x00" + row for row in picture.rows), 6)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, body) for name, body in parts)


def shrunk(picture: Picture, side: int) -> Picture:
    """The picture, so small that it fits into a square, in its own proportions; never larger than it was."""
    share = min(1.0, side / max(picture.width, picture.height))
    width, height = (max(1, round(length * share)) for length in (picture.width, picture.height))
    columns = [int((x + 0.5) * picture.width / width) for x in range(width)]
    rows = [picture.rows[int((y + 0.5) * picture.height / height)] for y in range(height)]
    size = picture.samples
    small = tuple(b"".join(row[x * size : (x + 1) * size] for x in columns) for row in rows)
    return Picture(width, height, size, small)


def thumbnail(data: bytes, side: int) -> bytes:
    """A PNG file's picture made small, as a PNG file."""
    return write(shrunk(read(data), side))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, data[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _unfiltered(packed: bytes, width: int, kind: int) -> Iterator[bytes]:
    step = _SAMPLES[kind]
    above = bytes(width)
    for start in range(0, len(packed) - width, width + 1):
        above = _row(packed[start], packed[start + 1 : start + 1 + width], above, step)
        yield above


def _row(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """One row without its filter: 0 none, 1 left, 2 above, 3 the mean of both, 4 Paeth's choice."""
    if kind not in range(5):
        raise ValueError(f"There is no PNG filter {kind}.")
    if kind == 0:
        return row
    made = bytearray(row)
    for n in range(len(made)):
        left = made[n - step] if n >= step else 0
        corner = above[n - step] if n >= step else 0
        guess = (0, left, above[n], (left + above[n]) // 2, _paeth(left, above[n], corner))[kind]
        made[n] = (made[n] + guess) % 256
    return bytes(made)


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda each: abs(estimate - each))
