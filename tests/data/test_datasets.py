"""Datasets: written, read, and what is no dataset."""

from __future__ import annotations

import logging
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from dataset_files import npy, npz, object_array, playing
from hypothesis import given
from hypothesis import strategies as st

from impsy.data import datasets
from impsy.data.datasets import Dataset, read_dataset, write_dataset
from impsy.errors import DataError, DeviceError


def same(one: Dataset, other: Dataset) -> bool:
    return (
        one.dimension == other.dimension
        and np.array_equal(one.events, other.events)
        and one.lengths.tolist() == other.lengths.tolist()
    )


@given(st.lists(st.integers(0, 40), max_size=6), st.integers(2, 12))
@pytest.mark.slow
def test_what_is_written_is_what_is_read_by_us_and_by_numpy(tmp_path_factory, lengths, dimension):
    path = tmp_path_factory.getbasetemp() / "some.npz"
    dataset = playing(lengths, dimension)
    write_dataset(path, dataset)
    read = read_dataset(path)
    assert same(read, dataset)
    assert read.names == dataset.names
    # As the released versions open it.
    with np.load(path, allow_pickle=True) as archive:
        performances = archive["perfs"]
    assert performances.dtype == object
    assert performances.shape == (len(lengths),)
    for one, other in zip(performances, dataset.performances, strict=True):
        assert one.dtype == np.float32
        assert np.array_equal(one, other)
    # And as those open it that let nothing be unpickled.
    with np.load(path) as archive:
        assert np.array_equal(archive["events"], dataset.events)
        assert archive["lengths"].tolist() == lengths


@pytest.mark.parametrize("notes", [None, (True, False, False), (False, False, False), (True, True, True)])
def test_which_controls_are_notes_is_kept(tmp_path, notes):
    dataset = replace(playing([30, 5], 4), notes=notes)
    write_dataset(tmp_path / "some.npz", dataset)
    read = read_dataset(tmp_path / "some.npz")
    assert read.notes == notes
    assert same(read, dataset)


def test_what_is_said_of_other_controls_says_nothing(tmp_path):
    events, lengths = playing([30], 4).events, np.array([30])
    for notes in (np.array([1, 0]), np.array([[1, 0, 0]])):
        np.savez(tmp_path / "some.npz", events=events, lengths=lengths, notes=notes)
        assert read_dataset(tmp_path / "some.npz").notes is None
    with pytest.raises(ValueError, match="notes"):
        replace(playing([30], 4), notes=(True,))


def test_the_pickled_form_gives_the_same(tmp_path):
    dataset = playing()
    write_dataset(tmp_path / "both.npz", dataset)
    with zipfile.ZipFile(tmp_path / "both.npz") as archive:
        npz(tmp_path / "old.npz", perfs=archive.read("perfs.npy"))
    read = read_dataset(tmp_path / "old.npz")
    assert same(read, dataset)
    assert read.names == ("", "", "")


@pytest.mark.parametrize("kind", ["<f4", "<f8", ">f4", ">f8", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_pickles_is_read(tmp_path, kind, order):
    dataset = playing()
    performances = [np.array(each, kind, order=order) for each in dataset.performances]
    path = npz(tmp_path / "old.npz", perfs=npy(object_array(performances)))
    read = read_dataset(path)
    assert read.lengths.tolist() == [60, 0, 70]
    assert np.allclose(read.events, dataset.events, atol=0 if kind != "<f2" else 1e-3)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_is_read(tmp_path, protocol):
    import pickle

    dataset = playing()
    array = object_array(dataset.performances)
    path = npz(tmp_path / "old.npz", perfs=npy(array, pickled=pickle.dumps(array, protocol=protocol)))
    assert same(read_dataset(path), dataset)


def test_performances_of_one_length_are_single_numbers_in_released_files(tmp_path):
    dataset = playing((30, 30))
    array = np.array([each.copy() for each in dataset.performances], dtype=object)
    assert array.shape == (2, 30, 3)  # this is what NumPy makes of them
    assert same(read_dataset(npz(tmp_path / "old.npz", perfs=npy(array))), dataset)
    plain = np.array([each.copy() for each in dataset.performances])
    assert same(read_dataset(npz(tmp_path / "new.npz", perfs=npy(plain))), dataset)


def test_empty_performances_of_any_shape_are_put_up_with(tmp_path):
    arrays = [np.zeros((0,), np.float32), np.zeros((0, 7), np.float32), playing((5,)).events]
    read = read_dataset(npz(tmp_path / "old.npz", perfs=npy(object_array(arrays))))
    assert (read.dimension, read.lengths.tolist()) == (3, [0, 0, 5])


def test_what_is_out_of_bounds_is_cut_and_told(tmp_path, caplog):
    events = np.array([[-1, 0.5, 2], [0.5, -0.25, 1], [0.5, 1 + 1e-7, 0]], np.float32)
    path = npz(tmp_path / "old.npz", perfs=npy(object_array([events, events[:1]])))
    with caplog.at_level(logging.WARNING):
        read = read_dataset(path)
    assert read.events.tolist() == [[0, 0.5, 1], [0.5, 0, 1], [0.5, 1, 0], [0, 0.5, 1]]
    told = caplog.text
    assert "2 times are negative (down to -1 s)" in told
    assert "3 of 8 values are outside 0 to 1 (from -0.25 to 2)" in told
    assert str(path) in told


def test_what_is_within_bounds_is_not_spoken_of(tmp_path, caplog):
    write_dataset(tmp_path / "some.npz", playing())
    read_dataset(tmp_path / "some.npz")
    assert not caplog.records


def test_parts_must_fit_together():
    events = np.zeros((4, 3), np.float32)
    for parts in (
        (2, events, np.array([4]), ("",)),
        (3, events.astype(np.float64), np.array([4]), ("",)),
        (3, events, np.array([3]), ("",)),
        (3, events, np.array([5, -1]), ("", "")),
        (3, events, np.array([4]), ()),
    ):
        with pytest.raises(ValueError):
            Dataset(*parts)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "no performances"),
        ({"other": npy(np.zeros(3))}, "but other"),
        ({"perfs": npy(np.zeros(3))}, "not performances"),
        ({"perfs": npy(object_array([np.zeros((3, 2), np.int64)]))}, "does not hold floats"),
        ({"perfs": npy(object_array([np.zeros((3, 2, 2))]))}, "no table of events"),
        ({"perfs": npy(object_array(["hello"]))}, "not an array"),
        ({"perfs": npy(object_array([None]))}, "not an array"),
        ({"perfs": npy(object_array([np.zeros((3, 2)), np.zeros((3, 4))]))}, "dimension 2 and 4"),
        ({"perfs": npy(object_array([np.zeros((3, 1))]))}, "1 columns"),
        ({"perfs": npy(object_array([np.zeros((1, 2000))]))}, "2000 columns"),
        (
            {"perfs": npy(object_array([np.full((3, 2), np.nan)]))},
            "3 of its 3 events hold something that is not a finite",
        ),
        ({"perfs": npy(object_array([np.array([[0, 0], [np.inf, 0]])]))}, "the first is event 2"),
        ({"perfs": npy(object_array([np.full((1, 2), 1e300)]))}, "not a finite"),
        ({"events": npy(np.zeros((3, 2))), "lengths": npy(np.array([2]))}, "do not add up"),
        ({"events": npy(np.zeros((3, 2))), "lengths": npy(np.array([5, -2]))}, "do not add up"),
        ({"events": npy(np.zeros((1, 2))), "lengths": npy(np.array([2**63 - 1, 2**63 - 1, 3]))}, "do not add up"),
        ({"events": npy(np.zeros((3, 2))), "lengths": npy(np.array([[3]]))}, "no dataset"),
        ({"events": npy(np.zeros((3, 2))), "lengths": npy(np.array([3.0]))}, "not whole numbers"),
        ({"events": npy(np.zeros((3, 2), np.int64)), "lengths": npy(np.array([3]))}, "not floats"),
        ({"events": npy(object_array([np.zeros((3, 2))])), "lengths": npy(np.array([3]))}, "not floats"),
        ({"events": npy(np.zeros((3, 2)))[:-1], "lengths": npy(np.array([3]))}, "bytes follow"),
        ({"events": b"\x93NUMPY", "lengths": npy(np.array([3]))}, r"no \.npy array"),
        ({"events": b"hello world, hello", "lengths": npy(np.array([3]))}, r"no \.npy array"),
    ],
)
def test_what_is_no_dataset_is_refused_and_named(tmp_path, members, message):
    path = npz(tmp_path / "bad.npz", **members)
    with pytest.raises(DataError, match=message) as caught:
        read_dataset(path)
    assert str(path) in str(caught.value)


def test_a_pointer_to_a_file_elsewhere_is_recognised(tmp_path):
    path = tmp_path / "some.npz"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 482525\n")
    with pytest.raises(DataError, match="git lfs pull"):
        read_dataset(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "some.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"some\.npz"):
        read_dataset(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.npz: cannot be read \(No such file"):
        read_dataset(tmp_path / "gone.npz")


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    write_dataset(tmp_path / "some.npz", playing())
    content = (tmp_path / "some.npz").read_bytes()
    (tmp_path / "some.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="damaged or cut off"):
        read_dataset(tmp_path / "some.npz")


def test_writing_leaves_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "new" / "some.npz"
    write_dataset(path, playing())
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "write_object_array", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(path, playing((5,)))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["some.npz"]


def test_a_disk_that_refuses_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match=r"some\.npz cannot be written"):
        write_dataset(tmp_path / "file" / "some.npz", playing())


def test_real_datasets(shared_data, tmp_path):
    for path in sorted((shared_data / "datasets").glob("*.npz")):
        dataset = read_dataset(path)
        with np.load(path, allow_pickle=True) as archive:
            performances = list(archive["perfs"])
        assert all(np.array_equal(one, other) for one, other in zip(dataset.performances, performances, strict=True))
        write_dataset(tmp_path / path.name, dataset)
        assert same(read_dataset(tmp_path / path.name), dataset)
