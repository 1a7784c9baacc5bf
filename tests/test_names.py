"""Names of files that strangers may have sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from impsy.errors import DataError
from impsy.names import path_within, safe_name

HOSTILE = [
    "", ".", "..", ".hidden", "a/b", "/etc/passwd", "../a.tflite", "a\\b", "\\\\host\\share\\m.tflite", "C:m.tflite",
    "a:stream.tflite", "NUL", "con.tflite", "com1.h5", "com¹.h5", "CONIN$", "a\0b", "a\nb", "\u202eetilft.a",
    "\ud800.h5", "m" * 161, "name ", "name.", "*", "a|b",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_name_of_a_file_is_refused(name):
    with pytest.raises(DataError) as refused:
        safe_name(name)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("name", ["a.tflite", "musicMDRNN-dim9-layers2 (1).keras", "Étude №3.h5", "console.h5"])
def test_what_is_one_is_itself(name):
    assert safe_name(name) == name


def test_a_path_is_judged_by_its_letters():
    folder = Path("/stage/set").absolute()
    assert path_within("models/a.tflite", folder) == folder / "models" / "a.tflite"
    assert path_within("models/../b.tflite", folder) == folder / "b.tflite"
    assert path_within(str(folder / "a.tflite"), folder) == folder / "a.tflite"
    for outside in ("../a.tflite", "/net/host/a.tflite", "models/../../x", "//host/share/a.tflite"):
        assert path_within(outside, folder) is None
    for impossible in ("a\0b", "m" * 256, "x/" * 600, "models/nul.tflite", "half \ud800"):
        with pytest.raises(DataError):
            path_within(impossible, folder)
