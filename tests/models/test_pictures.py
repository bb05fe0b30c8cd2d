"""PNG pictures in plain Python."""

from __future__ import annotations

import struct
import zlib

import pytest

from cloudlings.models.pictures import Picture, painted, read, shrunk, thumbnail, write

WIDE = painted(40, 20, lambda x, y: (x * 6, y * 12, 200 if x < 20 else 30))


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_there_and_back(samples: int) -> None:
    """What is written is read again: grey, RGB, each with and without alpha."""
    made = painted(7, 5, lambda x, y: tuple(x * 30 + y + n for n in range(samples)))
    assert read(write(made)) == made


def filtered(picture: Picture, kind: int) -> bytes:
    """A PNG file whose rows are filtered by one kind, as other programs write it."""
    step, rows, above = picture.samples, [], bytes(picture.width * picture.samples)
    for row in picture.rows:
        out = bytearray([kind])
        for n, value in enumerate(row):
            left, corner = (row[n - step], above[n - step]) if n >= step else (0, 0)
            guess = left + above[n] - corner
            paeth = min((left, above[n], corner), key=lambda each, guess=guess: abs(guess - each))
            out.append((value - (0, left, above[n], (left + above[n]) // 2, paeth)[kind]) % 256)
        rows.append(bytes(out))
        above = row
    header, _, rest = write(picture).partition(b"IDAT")
    body = zlib.compress(b"".join(rows))
    checked = struct.pack(">I", zlib.crc32(b"IDAT" + body))
    assert rest
    return header[:-4] + struct.pack(">I", len(body)) + b"IDAT" + body + checked + write(picture)[-12:]


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_filters(kind: int) -> None:
    """Rows of each of PNG's five filters are read."""
    assert read(filtered(WIDE, kind)) == WIDE


@pytest.mark.parametrize(
    ("width", "height", "side", "size"),
    [(300, 180, 100, (100, 60)), (180, 300, 100, (60, 100)), (40, 64, 100, (40, 64)), (1000, 2, 10, (10, 1))],
)
def test_shrunk(width: int, height: int, side: int, size: tuple[int, int]) -> None:
    """The longer side fits, the proportions stay, nothing grows, and no side vanishes."""
    small = shrunk(painted(width, height, lambda x, y: (x % 256, y % 256, 0)), side)
    assert (small.width, small.height) == size


def test_colours_stay_where_they_are() -> None:
    """A small picture shows what the large one shows."""
    small = read(thumbnail(write(WIDE), 10))
    assert small.at(1, 1)[2] == 200
    assert small.at(8, 1)[2] == 30


@pytest.mark.parametrize("data", [b"", b"GIF89a", write(WIDE)[:40], write(WIDE)[:8]])
def test_no_picture(data: bytes) -> None:
    """What is no PNG, or cut off, is a ValueError in words."""
    with pytest.raises(ValueError, match="PNG"):
        read(data)
