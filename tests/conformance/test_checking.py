"""Vector files: every kind passes, every change is noticed, and no file is fatal."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import CASES, document, write

from impsy.conformance import CHECKERS, Checked, Malformed, Skipped, check_path
from impsy.errors import ConfigError

CHANGES_A_FILE = 150


def results(path):
    return list(check_path(path))


def problem(path):
    (result,) = results(path)
    assert isinstance(result, Malformed)
    return f"{result.case}: {result.problem}"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything within ``value``, itself included."""
    yield path
    if isinstance(value, list | dict):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))


def change(holder: Any, path: tuple[Any, ...]) -> None:
    """Replace what is at ``path`` by something that differs by more than any tolerance."""
    for key in path[:-1]:
        holder = holder[key]
    old = holder[path[-1]]
    if isinstance(old, bool) or old is None:
        new = [[0, 0.5]]
    elif isinstance(old, int | float):
        new = old + 1
    elif isinstance(old, str):
        new = old + "x"
    elif isinstance(old, list):
        new = [*old, 1]
    else:
        new = old | {"more": 1}
    holder[path[-1]] = new


def assert_changes_are_noticed(path: Path, most: int) -> None:
    original = path.read_text()
    places = [
        ("cases", i, *place)
        for i, case in enumerate(json.loads(original)["cases"])
        for place in leaves(case["expected"], ("expected",))
    ]
    rng = random.Random(1)
    for place in rng.sample(places, min(most, len(places))):
        content = json.loads(original)
        change(content, place)
        path.write_text(json.dumps(content))
        found = results(path)
        wrong = [i for i, result in enumerate(found) if not isinstance(result, Checked) or result.difference]
        assert wrong == [place[1]], place
    path.write_text(original)


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_passes_and_notices_every_change(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path, kind)
    assert [(type(r), r.difference) for r in results(tmp_path)] == [(Checked, None)]
    assert_changes_are_noticed(path, 1000)


def test_the_published_vectors_pass(vectors: Path) -> None:
    found = results(vectors)
    assert [result for result in found if not isinstance(result, Checked) or result.difference] == []
    assert {result.file.stem for result in found} == set(CHECKERS)


@pytest.mark.parametrize("kind", CHECKERS)
@pytest.mark.slow
def test_a_change_of_the_published_vectors_is_noticed(kind: str, vectors: Path, tmp_path: Path) -> None:
    shutil.copy(vectors / f"{kind}.json", tmp_path)
    for model in vectors.glob("*.tflite"):
        shutil.copy(model, tmp_path)
    assert_changes_are_noticed(tmp_path / f"{kind}.json", CHANGES_A_FILE)


def test_a_model_may_lie_at_its_path_from_the_vectors(vectors: Path, tmp_path: Path) -> None:
    shutil.copy(vectors / "model.json", tmp_path)
    assert "no model file at" in problem(tmp_path)
    (model,) = vectors.glob("*.tflite")
    (tmp_path / "models").mkdir()
    shutil.copy(model, tmp_path / "models")
    (result,) = results(tmp_path)
    assert isinstance(result, Checked)
    assert result.difference is None


def test_unknown_files_and_versions_are_named(tmp_path: Path) -> None:
    write(tmp_path, "smell_input", {"anything": 1})
    write(tmp_path, "playback", document(CASES["playback"], spec_version="2.0.0"))
    (tmp_path / "notes.txt").write_text("not looked at")
    playback, smell = results(tmp_path)
    assert isinstance(playback, Skipped)
    assert "2.0.0" in playback.reason
    assert isinstance(smell, Skipped)
    assert "midi_input" in smell.reason


def test_a_later_minor_version_may_say_more(tmp_path: Path) -> None:
    case = CASES["playback"] | {"mood": "calm"}
    write(tmp_path, "playback", document(case, spec_version="1.7.0", mood="calm"))
    (result,) = results(tmp_path)
    assert isinstance(result, Checked)
    assert result.difference is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], ["the file", "dictionary"]),
        ({"spec_version": "1.0.0", "tolerance": 1e-9}, ["cases", "required"]),
        (document(), ["cases"]),
        (document(CASES["playback"], tolerance="1e-9"), ["tolerance"]),
        (document(CASES["playback"], tolerance=-1), ["tolerance"]),
        (document(CASES["playback"], tolerance=float("inf")), ["tolerance"]),
        (document() | {"cases": [3]}, ["case 1", "dictionary"]),
        (document({"timescale": 1.0, "expected": []}), ["case_1", "model_outputs", "required"]),
        (document({"timescale": 1.0, "model_outputs": []}), ["case_1", "expected", "required"]),
        (document(CASES["playback"] | {"timescale": 0}), ["case_1", "timescale"]),
        (document(CASES["playback"] | {"model_outputs": [[0.5]]}), ["case_1", "model_outputs.0"]),
    ],
)
def test_malformed_files_say_where(content: object, words: list[str], tmp_path: Path) -> None:
    write(tmp_path, "playback", content)
    text = problem(tmp_path)
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("midi_input", {"input_mapping": [["note_on", 17]]}, ["input_mapping", "entry 1", "channel 17"]),
        ("midi_input", {"input_mapping": "note_on"}, ["input_mapping", "list"]),
        ("midi_input", {"messages": [[256]]}, ["messages.0.0", "255"]),
        ("midi_output", {"steps": [{"values": [0.5, 0.5]}]}, ["2 values for a mapping of 1"]),
        ("midi_output", {"steps": [{"sing": True}]}, ["steps.0"]),
        ("pipeline", {"initial_values": [0.5]}, ["initial_values holds 1", "wants 2"]),
        ("pipeline", {"dimension": 4}, ["input_mapping holds 2", "wants 3"]),
        ("dataset", {"dimension": 10**12}, ["dimension"]),
    ],
)
def test_malformed_cases_say_what_is_wrong(
    kind: str, changes: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    write(tmp_path, kind, document(CASES[kind] | changes))
    text = problem(tmp_path)
    for word in words:
        assert word in text


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"tolerance": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_says_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "playback.json").write_bytes(content)
    assert "not JSON" in problem(tmp_path)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "playback.json").mkdir()
    assert "cannot be read" in problem(tmp_path)


def test_one_malformed_case_does_not_touch_the_others(tmp_path: Path) -> None:
    write(tmp_path, "playback", document({}, CASES["playback"]))
    bad, good = results(tmp_path)
    assert isinstance(bad, Malformed)
    assert isinstance(good, Checked)
    assert good.difference is None


def test_a_folder_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no vector file"):
        results(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        results(tmp_path / "missing")


def test_a_single_file(tmp_path: Path) -> None:
    write(tmp_path, "dataset")
    (result,) = results(write(tmp_path, "playback"))
    assert result.file.name == "playback.json"


@given(st.sampled_from(list(CASES)), st.data())
@pytest.mark.slow
def test_any_json_in_a_case_is_checked_or_malformed(kind: str, data: st.DataObject) -> None:
    anything = st.recursive(
        st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    )
    content = json.loads(json.dumps(document(CASES[kind])))
    place = data.draw(st.sampled_from(list(leaves(content))[1:]))
    holder = content
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = data.draw(anything)
    with tempfile.TemporaryDirectory() as folder:
        assert results(write(Path(folder), kind, content))
