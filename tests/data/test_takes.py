"""What is said of takes: kept, never lost, whatever is in the file."""

from __future__ import annotations

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.takes import NOTES_FILE, Notes, TakeNote, annotate, read_notes, without_excluded
from impsy.errors import DataError, DeviceError

A, B = "2026-09-26T10-00-00-9d-mdrnn.log", "2026-09-27T10-00-00-9d-mdrnn.log"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
entries = st.dictionaries(
    st.sampled_from(["title", "tags", "excluded", "trim_pauses", "more"]),
    json_values | st.booleans() | st.lists(st.text()),
    max_size=4,
)


def test_what_is_said_of_a_take_is_read_again(tmp_path):
    note = TakeNote("Slow – “blue”", ("duo", "Ünten"), True, 30.0)
    annotate(tmp_path, {A: note, B: TakeNote(tags=("x",))})
    notes = read_notes(tmp_path)
    assert (notes.of(A), notes.of(B).tags, notes.problems) == (note, ("x",), ())
    assert (notes.excluded, notes.trims) == ({A}, {A: 30.0})
    assert notes.of("other") == TakeNote()


def test_there_need_be_no_file_and_reading_makes_none(tmp_path):
    assert read_notes(tmp_path) == Notes()
    assert read_notes(tmp_path / "gone") == Notes()
    assert not list(tmp_path.iterdir())


def test_nothing_said_leaves_no_entry_but_keeps_what_others_wrote(tmp_path):
    path = tmp_path / NOTES_FILE
    path.write_text(json.dumps({"takes": {A: {"title": "x", "stars": 5}, B: {"title": "y"}}}))
    annotate(tmp_path, {A: TakeNote(), B: TakeNote()})
    assert json.loads(path.read_text())["takes"] == {A: {"stars": 5}}
    annotate(tmp_path, {A: None})
    assert json.loads(path.read_text())["takes"] == {}


def test_a_file_that_is_damaged_is_told_of_and_set_aside_when_it_is_written_anew(tmp_path):
    path = tmp_path / NOTES_FILE
    path.write_text('{"takes": {"a": ')
    notes = read_notes(tmp_path)
    assert notes.takes == {}
    assert "damaged" in notes.problems[0]
    assert path.read_text() == '{"takes": {"a": ', "reading changes nothing"
    annotate(tmp_path, {A: TakeNote("new")})
    assert (tmp_path / "takes.broken-1.json").read_text() == '{"takes": {"a": '
    assert read_notes(tmp_path).of(A).title == "new"
    path.write_text("[]")
    annotate(tmp_path, {A: TakeNote("newer")})
    assert (tmp_path / "takes.broken-2.json").read_text() == "[]"


def test_what_is_sound_beside_an_entry_that_is_not_still_counts(tmp_path):
    path = tmp_path / NOTES_FILE
    text = json.dumps({"takes": {A: {"title": 5, "excluded": True}, B: {"tags": ["x", "x"]}}})
    path.write_text(text)
    notes = read_notes(tmp_path)
    assert notes.excluded == {A}
    assert notes.of(B).tags == ("x",)
    assert len(notes.problems) == 1
    assert A in notes.problems[0]
    annotate(tmp_path, {B: TakeNote("b")})
    assert (tmp_path / "takes.broken-1.json").read_text() == text
    assert read_notes(tmp_path).excluded == {A}
    for title in ("c", "d"):
        annotate(tmp_path, {B: TakeNote(title)})
    assert len(list(tmp_path.glob("takes.broken-*.json"))) == 1, "it is set aside once"


@given(st.dictionaries(st.sampled_from([A, B, "x"]), entries | json_values, max_size=3) | json_values)
@pytest.mark.slow
def test_any_json_gives_notes_and_can_be_written_over(tmp_path_factory, takes):
    folder = tmp_path_factory.mktemp("notes")
    (folder / NOTES_FILE).write_text(json.dumps({"takes": takes}))
    notes = read_notes(folder)
    assert all(isinstance(note, TakeNote) for note in notes.takes.values())
    annotate(folder, {A: TakeNote("title", ("tag",), True)})
    assert read_notes(folder).of(A) == TakeNote("title", ("tag",), True)


@given(st.binary(max_size=200))
@pytest.mark.slow
def test_any_bytes_give_notes(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("notes")
    (folder / NOTES_FILE).write_bytes(content)
    assert isinstance(read_notes(folder), Notes)
    annotate(folder, {A: TakeNote("x")})
    kept = [path.read_bytes() for path in folder.glob("takes.broken-*.json")]
    assert kept == [content], "nothing of this can be understood, and nothing is lost"
    assert read_notes(folder).of(A).title == "x"


def test_notes_that_are_too_long_are_refused_and_change_nothing(tmp_path):
    annotate(tmp_path, {A: TakeNote("x")})
    for note in (TakeNote("x" * 201), TakeNote(tags=("",)), TakeNote(tags=("x" * 41,)), TakeNote(tags=("x",) * 21)):
        with pytest.raises(DataError, match="characters"):
            annotate(tmp_path, {A: note})
    assert read_notes(tmp_path).of(A).title == "x"


def test_a_disk_that_refuses_leaves_what_was_there(tmp_path):
    (tmp_path / NOTES_FILE).mkdir()
    assert "cannot be read" in read_notes(tmp_path).problems[0]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DeviceError):
        annotate(blocked, {A: TakeNote("x")})


def test_many_threads_at_once_lose_nothing(tmp_path):
    names = [f"take-{number}" for number in range(20)]
    threads = [threading.Thread(target=annotate, args=(tmp_path, {name: TakeNote(name)})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_notes(tmp_path).takes) == sorted(names)


def test_logs_that_are_marked_are_left_out_of_learning(tmp_path):
    paths = [tmp_path / A, tmp_path / B]
    annotate(tmp_path, {A: TakeNote(excluded=True)})
    assert without_excluded(tmp_path, paths) == ([tmp_path / B], [A], [])
    annotate(tmp_path, {B: TakeNote(excluded=True)})
    with pytest.raises(DataError, match="all 2 logs are marked"):
        without_excluded(tmp_path, paths)


@pytest.mark.parametrize("trim", ["30", True, -1, 0.5, 1e9, None, "NaN", 10**400])
def test_pauses_that_cannot_be_trimmed_are_told_of_and_learned(tmp_path, trim):
    content = json.dumps({"takes": {A: {"title": "x", "trim_pauses": trim}}}).replace('"NaN"', "NaN")
    (tmp_path / NOTES_FILE).write_text(content)
    notes = read_notes(tmp_path)
    assert (notes.trims, notes.of(A).title) == ({}, "x")
    assert "trim_pauses" in notes.problems[0]


def test_a_length_that_is_no_pause_is_refused(tmp_path):
    for seconds in (0.5, -30.0, float("nan"), float("inf")):
        with pytest.raises(DataError, match="trimmed from 1 to 86,400 s"):
            annotate(tmp_path, {A: TakeNote(trim_pauses=seconds)})
    assert read_notes(tmp_path) == Notes()
