"""Zip archives made to do harm, through every reader of such files: a sentence, in little memory. See
:func:`fuzzing.examples`."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fuzzing import examples
from impsy.archives import DamagedArchive, ZipArchive
from impsy.data.datasets import read_dataset
from impsy.errors import DataError, ImpsyError, ModelError
from impsy.limits import ARCHIVE_DIRECTORY, Budget
from impsy.models.keras_read import read_keras
from impsy.training.checkpoint import read_checkpoint

EXAMPLES = examples(300)
NAMES = ("perfs.npy", "config.json", "model.weights.h5", "meta.npy")
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def made(method: int = zipfile.ZIP_DEFLATED, names: tuple[str, ...] = NAMES) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        for name in names:
            archive.writestr(name, b"\x93NUMPY" + bytes(500))
    return content.getvalue()


def places(content: bytes, signature: bytes) -> list[int]:
    return [at for at in range(len(content)) if content.startswith(signature, at)]


def with_field(content: bytes, local: int, central: int, form: str, value: int) -> bytes:
    """The archive with one field changed in every header; the places count from the header's beginning."""
    changed = bytearray(content)
    for signature, offset in ((LOCAL, local), (CENTRAL, central)):
        for at in places(content, signature) if offset >= 0 else ():
            struct.pack_into(form, changed, at + offset, value)
    return bytes(changed)


def directory(entries: int) -> bytes:
    """An archive that is nothing but a directory of a million names, in the form for large archives."""
    one = [
        struct.pack("<4s4B4HL2L5H2L", CENTRAL, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0)
        + b"%04d" % name
        for name in range(1000)
    ]
    body = b"".join(one) * (entries // 1000)
    start = 30
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, len(body), start)
    end += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(body), 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return LOCAL + bytes(26) + body + end


def overlapping() -> bytes:
    """Each part begins where the first does, so that many stand for the same bytes."""
    content = bytearray(made(names=tuple(f"{number}.npy" for number in range(9))))
    for at in places(bytes(content), CENTRAL):
        struct.pack_into("<L", content, at + 42, 0)
    return bytes(content)


def nested() -> bytes:
    """The content of the first part takes in the second, header and all."""
    content = bytearray(made(zipfile.ZIP_STORED))
    first, second = places(bytes(content), LOCAL)[:2]
    size = 506 + second - first
    for at, offset in ((first, 18), (places(bytes(content), CENTRAL)[0], 20)):
        struct.pack_into("<2L", content, at + offset, size, size)
    return bytes(content)


HOSTILE = {
    "encrypted": with_field(made(), 6, 8, "<H", 0x1),
    "patched": with_field(made(), 6, 8, "<H", 0x20),
    "strongly encrypted": with_field(made(), 6, 8, "<H", 0x41),
    "names hidden": with_field(made(), 6, 8, "<H", 0x2000),
    "LZMA": made(zipfile.ZIP_LZMA),
    "BZIP2": made(zipfile.ZIP_BZIP2),
    "an unknown method": with_field(made(), 8, 10, "<H", 93),
    "a later version": with_field(made(), 4, 6, "<H", 99),
    "sizes of the directory": with_field(made(), -1, 20, "<L", 0x7FFFFFFF),
    "real sizes of the directory": with_field(made(), -1, 24, "<L", 0x7FFFFFFF),
    "sizes beyond four bytes": with_field(made(), 18, 20, "<Q", (1 << 64) - 1),
    "offsets": with_field(made(), -1, 42, "<L", 0xFFFFFFF0),
    "lengths of names": with_field(made(), 26, 28, "<H", 0xFFFF),
    "one name twice": made(names=("perfs.npy", "perfs.npy", "config.json", "config.json")),
    "overlapping": overlapping(),
    "nested": nested(),
    "a directory of a million": directory(1_000_000),
    "no end": made()[:-22],
    "nothing but an end": made()[-22:],
}


def by_door(tmp_path: Path, content: bytes) -> list[tuple[Callable[[], object], type[ImpsyError]]]:
    path = tmp_path / "some.npz"
    path.write_bytes(content)
    return [
        (lambda: read_dataset(path), DataError),
        (lambda: read_checkpoint(path), DataError),
        (lambda: read_keras(content), ModelError),
    ]


@pytest.mark.parametrize("name", list(HOSTILE))
def test_every_reader_refuses_it_in_a_sentence_and_at_once(tmp_path: Path, name: str) -> None:
    content = HOSTILE[name]
    for read, error_type in by_door(tmp_path, content):
        tracemalloc.start()
        began = time.process_time()
        with pytest.raises(error_type) as refused:
            read()
        took, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 1 << 20 or most < 3 * len(content)
        assert took < 1
        assert len(str(refused.value)) < 800


@pytest.mark.parametrize("name", ["patched", "names hidden", "LZMA", "BZIP2", "overlapping", "nested", "encrypted"])
def test_a_part_that_is_not_plain_is_not_read(name: str) -> None:
    """Not even where the standard library would."""
    why = pytest.raises(DamagedArchive, match=r"encrypted|flags|compressed|lies over")
    with ZipArchive(io.BytesIO(HOSTILE[name]), Budget(1 << 20, DataError)) as archive, why:
        archive.read(archive.names[0])


def test_the_directory_is_bounded_before_it_is_read() -> None:
    with pytest.raises(DamagedArchive, match=f"at most {ARCHIVE_DIRECTORY:,}"):
        ZipArchive(io.BytesIO(directory(6000)), Budget(1 << 20, DataError))


def test_a_name_that_stands_twice_is_not_chosen_from() -> None:
    with pytest.raises(DamagedArchive, match="one name"):
        ZipArchive(io.BytesIO(made(names=("a", "b", "a"))), Budget(1 << 20, DataError))


def test_all_parts_come_out_of_one_budget() -> None:
    content = made(names=("a", "b", "c"))
    with ZipArchive(io.BytesIO(content), Budget(1100, DataError)) as archive:
        assert len(archive.read("a") + archive.read("b")) == 1012
        with pytest.raises(DataError, match="memory"):
            archive.read("c")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_sound_archives_are_read_also_behind_other_bytes(method: int) -> None:
    with ZipArchive(io.BytesIO(b"#!/bin/sh\n" + made(method)), Budget(1 << 20, DataError)) as archive:
        assert archive.names == list(NAMES)
        assert archive.read("perfs.npy") == b"\x93NUMPY" + bytes(500)
        assert archive.size("perfs.npy")[0] == 506


def damaged(content: bytes, random: Random) -> bytes:
    """Some bytes changed, most of them in headers."""
    data = bytearray(content)
    heads = [at for signature in (LOCAL, CENTRAL, b"PK\x05\x06") for at in places(content, signature)]
    for _ in range(random.choice((1, 2, 4, 16))):
        at = random.choice(heads) + random.randrange(4, 46) if random.random() < 0.9 else random.randrange(len(data))
        if at < len(data):
            data[at] = random.choice((0, 1, 8, 12, 14, 0x20, 0x41, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(data) if random.random() < 0.9 else bytes(data[: random.randrange(len(data))])


@pytest.mark.parametrize(
    "content",
    [made(zipfile.ZIP_STORED), made(), made(zipfile.ZIP_LZMA), directory(1000)],
    ids=["stored", "deflated", "LZMA", "directory"],
)
@pytest.mark.slow
def test_damaged_headers(tmp_path: Path, content: bytes) -> None:
    random = Random(1)
    for _ in range(EXAMPLES):
        for read, error_type in by_door(tmp_path, damaged(content, random)):
            with pytest.raises(error_type):
                read()
