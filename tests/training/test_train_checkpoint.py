"""Unfinished trainings as files: whole, or refused; nothing in them runs."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import knobs

from fuzzing import examples
from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import DataError, DeviceError
from impsy.training.checkpoint import Checkpoint, Look, fingerprint, read_checkpoint, write_checkpoint
from impsy.training.recipe import Recipe

EXAMPLES = examples(400)


def made() -> Checkpoint:
    """As small as one can be, with numbers of each kind."""
    rng = np.random.default_rng(1)

    def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
        return [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]

    return Checkpoint(
        recipe=Recipe(size="xxs", seed=7, patience=None),
        data="0123456789abcdef",
        split="windows",
        step=125,
        since=5,
        total=400,
        factor=0.5,
        seconds=12.25,
        best_step=80,
        history=[
            Look(40, 4.0, 2.5, 1.5, 1.25),
            Look(80, 8.0, 1.5, math.inf, -1.5),
            Look(120, 12.0, math.nan, 0, 0.1),
        ],
        arrays={
            "trainable": arrays(*[(3, 4)] * 12),
            "first": arrays(*[(3, 4)] * 12),
            "second": arrays(*[(3, 4)] * 12),
            "sums": [np.int32(120), np.float32(12.5), np.int32(1)],
            "best": arrays(*[(3, 4)] * 12),
        },
        facts={"dataset": "knobs.npz", "minutes": 1.5},
    )


def assert_same(left: Checkpoint, right: Checkpoint) -> None:
    for name in ("recipe", "data", "split", "step", "since", "total", "factor", "seconds", "best_step", "facts"):
        assert getattr(left, name) == getattr(right, name), name
    np.testing.assert_array_equal(
        [[each.step, each.seconds, each.loss, each.held_out, each.usual] for each in left.history],
        [[each.step, each.seconds, each.loss, each.held_out, each.usual] for each in right.history],
    )
    assert left.arrays.keys() == right.arrays.keys()
    for group, arrays in left.arrays.items():
        for mine, other in zip(arrays, right.arrays[group], strict=True):
            assert np.asarray(mine).dtype == other.dtype
            np.testing.assert_array_equal(mine, other)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "model.training.npz"


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    """A sound file's bytes."""
    path = tmp_path_factory.mktemp("sound") / "model.training.npz"
    write_checkpoint(path, made())
    return path.read_bytes()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def npy(array: Any, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=allow_pickle)
    return buffer.getvalue()


def with_meta(content: bytes, meta: Any) -> dict[str, bytes]:
    text = meta if isinstance(meta, bytes) else json.dumps(meta).encode()
    return members(content) | {"meta.npy": npy(np.frombuffer(text, np.uint8))}


def meta_of(content: bytes) -> dict[str, Any]:
    return json.loads(np.load(io.BytesIO(content))["meta"].tobytes())


# -------------------------------------------------------------------------------------------- whole


def test_it_comes_back_as_it_was(path) -> None:
    write_checkpoint(path, made())
    assert_same(made(), read_checkpoint(path))


def test_one_of_before_the_first_look_comes_back_too(path) -> None:
    early = made()
    early.history, early.best_step, early.arrays["best"] = [], 0, []
    write_checkpoint(path, early)
    assert_same(early, read_checkpoint(path))


def test_the_next_takes_the_place_of_the_last_and_leaves_nothing_beside(path) -> None:
    write_checkpoint(path, made())
    write_checkpoint(path, replace(made(), step=160))
    assert read_checkpoint(path).step == 160
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_made(tmp_path) -> None:
    path = tmp_path / "models" / "new" / "model.training.npz"
    write_checkpoint(path, made())
    assert read_checkpoint(path).step == 125


def test_a_disk_that_refuses_is_told_as_such(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeviceError, match="file"):
        write_checkpoint(tmp_path / "file" / "model.training.npz", made())


def test_a_fingerprint_is_that_of_these_events_only() -> None:
    dataset = knobs(3, 400, seed=1)
    same = Dataset.of(3, [each.copy() for each in dataset.performances], ["renamed"] * 2)
    assert fingerprint(same) == fingerprint(dataset)
    changed = Dataset.of(3, dataset.performances)
    changed.events[7, 1] += np.float32(1e-6)
    joined = Dataset.of(3, [dataset.events])
    assert len({fingerprint(each) for each in (dataset, changed, joined, knobs(3, 400, seed=2))}) == 4


# -------------------------------------------------------------------------------------------- refused


def test_where_there_is_none(path) -> None:
    with pytest.raises(DataError, match=r"no unfinished training.*--resume"):
        read_checkpoint(path)


def test_a_folder_is_no_file(tmp_path) -> None:
    with pytest.raises(DataError, match=str(tmp_path)):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint at all", b"\x93NUMPY", b"\x80\x04N."])
def test_something_else_altogether(path, content) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


def test_a_single_array_is_none(path) -> None:
    path.write_bytes(npy(np.zeros(3)))
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


def test_a_dataset_is_none(path) -> None:
    write_dataset(path, knobs(3, 60, seed=1))
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


def test_another_version_says_so(path, content) -> None:
    archive(path, with_meta(content, meta_of(content) | {"format": 99}))
    with pytest.raises(DataError, match="another version"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ["step", "recipe", "history", "data", "format", "factor"])
def test_what_is_missing_is_missed(path, content, name) -> None:
    meta = meta_of(content)
    del meta[name]
    archive(path, with_meta(content, meta))
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ["trainable_3.npy", "meta.npy", "first_0.npy"])
def test_an_array_that_is_missing_or_too_many(path, content, name) -> None:
    kept = members(content)
    kept["surplus_0.npy" if name == "first_0.npy" else "surplus.npy"] = kept.pop(name)
    archive(path, kept)
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", "400"),
        ("step", 1.5),
        ("step", -1),
        ("step", True),
        ("total", None),
        ("factor", "half"),
        ("factor", 0),
        ("factor", math.nan),
        ("seconds", []),
        ("best_step", {}),
        ("data", 3),
        ("split", None),
        ("facts", [1]),
        ("history", 3),
        ("history", [[1, 2]]),
        ("history", [["a", 1, 1, 1, 1]]),
        ("history", [[1e999, 1, 1, 1, 1]]),
        ("recipe", None),
        ("recipe", {"size": "gigantic"}),
        ("recipe", {"batch": "many"}),
    ],
)
@pytest.mark.slow
def test_an_entry_of_another_kind(path, content, name, value) -> None:
    archive(path, with_meta(content, meta_of(content) | {name: value}))
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)


class Runs:
    """When it is unpickled, this is called."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def test_a_pickle_is_refused_and_runs_nothing(path, content, tmp_path) -> None:
    canary = tmp_path / "canary"
    hostile = np.empty(1, object)
    hostile[0] = Runs(canary)
    inside = npy(hostile, allow_pickle=True)
    whole = pickle.dumps(Runs(canary))
    pickle.loads(pickle.dumps(Runs(tmp_path / "proof")))
    assert (tmp_path / "proof").exists()  # it would
    for name in ("meta.npy", "trainable_0.npy", "best_0.npy"):
        for replacement in (inside, whole):
            archive(path, members(content) | {name: replacement})
            with pytest.raises(DataError, match="damaged"):
                read_checkpoint(path)
    path.write_bytes(whole)
    with pytest.raises(DataError, match="damaged"):
        read_checkpoint(path)
    assert not canary.exists()


def test_an_array_that_claims_to_fill_all_memory(path, content) -> None:
    for claim in (b"(4000000000000,)", b"(99999999999999999999999,)", b"(-1,)", b"(" * 200):
        kept = members(content)
        header = b"{'descr': '<f4', 'fortran_order': False, 'shape': " + claim + b", }\n"
        kept["best_0.npy"] = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        archive(path, kept)
        with pytest.raises(DataError, match="damaged"):
            read_checkpoint(path)


# -------------------------------------------------------------------------------------------- fuzz


def survives(path: Path) -> bool:
    """Whether it could be read; any error but the documented one goes through."""
    try:
        read_checkpoint(path)
    except DataError:
        return False
    return True


def damaged(content: bytes, seed: int) -> bytes:
    """Cut off, or with some bytes changed; often near an end, where the structure is."""
    random = Random(seed)
    data = bytearray(content)
    if random.random() < 0.1:
        return bytes(data[: random.randrange(len(data))])
    for _ in range(random.choice((1, 2, 8, 64))):
        near = random.randrange(min(len(data), 1 << random.randrange(4, 16)))
        place = random.choice((near, len(data) - 1 - near))
        data[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF, data[place] ^ (1 << random.randrange(8))))
    return bytes(data)


@pytest.mark.slow
def test_damaged_files(path, content) -> None:
    outcomes = set()
    for seed in range(EXAMPLES):
        path.write_bytes(damaged(content, seed))
        outcomes.add(survives(path))
    assert outcomes == {True, False}  # the damage was neither always harmless nor always fatal


@pytest.mark.slow
def test_damaged_arrays_in_a_sound_archive(path, content) -> None:
    whole = members(content)
    random = Random(0)
    for seed in range(EXAMPLES):
        name = random.choice([*whole, "meta.npy"])
        archive(path, whole | {name: damaged(whole[name], seed)})
        survives(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=EXAMPLES)
@given(st.data())
@pytest.mark.slow
def test_foreign_words_in_a_sound_archive(tmp_path_factory, content, data) -> None:
    path = tmp_path_factory.getbasetemp() / "foreign.training.npz"
    meta = meta_of(content)
    if data.draw(st.booleans()):
        meta |= {data.draw(st.sampled_from(sorted(meta))): data.draw(JSON)}
    else:
        meta = data.draw(JSON | st.binary(max_size=40))
    archive(path, with_meta(content, meta))
    survives(path)
