"""Where model, mappings and configuration disagree: what check, doctor and run say of it, and that they agree."""

from __future__ import annotations

import json
import zipfile
from functools import cache
from io import BytesIO

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.cli.config import command as config_command
from impsy.cli.run import load
from impsy.config import load_config, parse_config
from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError, ImpsyError
from impsy.models.sizes import Size
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import random_weights
from impsy.perform import build_session, sized
from impsy.perform.diagnostics.checkup import Workspace, check_up
from impsy.perform.models import model_problems


@cache
def model(dimension):
    return encode_tflite(random_weights(dimension, Size(4, 1), rng=default_rng(0), mixtures=1))


def mapping(length):
    return json.dumps([["control_change", 1, number] for number in range(length)])


def write(folder, dimension=None, mapped=(), file=None, more=""):
    """A configuration; ``mapped`` are lengths: of a MIDI input, a MIDI output, and those of a WebSocket."""
    keys = ["midi]\nin_device = ['A']\ninput.A = ", "midi]\nout_device = ['A']\noutput.A = ", "websocket]\ninput = "]
    if len(mapped) > 1:
        keys[1] = "out_device = ['A']\noutput.A = "
    rows = [f"{'' if key.startswith('out') else '['}{key}{mapping(n)}" for key, n in zip(keys, mapped, strict=False)]
    stated = [] if dimension is None else [f"dimension = {dimension}"]
    stated += [] if file is None else [f'file = "{file}"']
    text = "\n".join(["[model]", *stated, "[osc]", *rows, more])
    path = folder / "config.toml"
    path.write_text(text + "\n")
    return path


def check(path, *options):
    return CliRunner().invoke(config_command, ["check", str(path), *options])


def opens(path):
    """The dimension that `impsy run` plays with, or why it refuses."""
    try:
        return build_session(load(path, {"verbose": None}), logdir=None).view().engine.settings.dimension
    except ImpsyError as error:
        return str(error)


def checks(path):
    """What `impsy config check` says: whether it plays, and its words."""
    result = check(path)
    words = result.output if isinstance(result.exception, SystemExit | None) else str(result.exception)
    return result.exit_code == 0, words


DIMENSIONS = st.integers(2, 20)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stated=st.none() | DIMENSIONS,
    mapped=st.lists(st.integers(1, 19), max_size=3),
    trained=st.none() | DIMENSIONS,
    same=st.booleans(),
)
@pytest.mark.slow
def test_all_plays_where_all_agree_and_else_each_number_is_told(tmp_path, stated, mapped, trained, same):
    if same:  # else they hardly ever agree
        mapped = [(stated or trained or 5) - 1 for _ in mapped]
        trained = None if trained is None else (stated or (mapped[0] + 1 if mapped else trained))
    (tmp_path / "m.tflite").write_bytes(model(trained or 2))
    path = write(tmp_path, stated, mapped, None if trained is None else "m.tflite")
    numbers = {each for each in (stated, trained) if each} | {length + 1 for length in mapped}
    outcome, (plays, words) = opens(path), checks(path)
    assert plays == (outcome in numbers), (outcome, words)
    if len(numbers) == 1:
        assert (plays, outcome) == (True, *numbers)
        assert f"dimension {outcome}" in words
    else:
        assert not plays
        for said in (str(outcome), words):
            assert sum(str(each - 1) in said for each in numbers) >= min(len(numbers), 2), said
    problems = [each for each in check_up_of(path) if each.level == "problem"]
    assert bool(problems) == (not plays)
    assert all(each.advice for each in problems)


def check_up_of(path):
    from impsy.perform.diagnostics.checkup import CHECKS

    workspace = Workspace(path)
    for row in CHECKS:
        if row.name in ("config", "model", "mappings"):
            yield from row.look(workspace)


@pytest.mark.parametrize("trained", [2, 5, 9, 20])
def test_the_mappings_come_before_the_model_where_the_dimension_is_left_out(tmp_path, trained):
    (tmp_path / "m.tflite").write_bytes(model(trained))
    loaded = load_config(write(tmp_path, None, [4], "m.tflite"))
    assert (loaded.config.model.dimension, loaded.dimension_from) == (5, "mappings")
    loaded = load_config(write(tmp_path, None, [], "m.tflite"))
    assert loaded.dimension_from == "model"
    assert sized(loaded).config.model.dimension == trained


@pytest.mark.parametrize(("stated", "mapped", "trained", "advice"), [
    (5, [], 9, ["has dimension 9", "says 5 ([model] dimension)", "set dimension = 9", "impsy train -D 5"]),
    (5, [4], 9, ["8 controls and 4", "and give each mapping 8 entries", "impsy map --controls 8 --set-dimension"]),
    (None, [4], 9, ["says 5 (its mappings)", "each mapping 8 entries", "impsy train -D 5"]),
    (5, [8], 9, ["found 8 entries", "wanted 4", "Or set model.dimension to 9"]),
    (None, [4, 8], None, ["found 8 entries", "wanted 4", 'as in midi.input."A"', "left out"]),
])  # fmt: skip
def test_what_can_be_done_is_said(tmp_path, stated, mapped, trained, advice):
    (tmp_path / "m.tflite").write_bytes(model(trained or 2))
    path = write(tmp_path, stated, mapped, "m.tflite" if trained else None)
    plays, words = checks(path)
    assert not plays
    for part in advice:
        assert part in words
        assert part in str(opens(path))


def test_a_model_that_would_fit_is_named(tmp_path):
    for dimension in (5, 9):
        name = f"musicMDRNN-dim{dimension}-layers1-units4-mixtures1-scale10"
        (tmp_path / f"{name}.tflite").write_bytes(model(dimension))
        (tmp_path / f"{name}.json").write_text("{}")
    path = write(tmp_path, 5, [], "musicMDRNN-dim9-layers1-units4-mixtures1-scale10.tflite")
    assert "musicMDRNN-dim5-layers1-units4-mixtures1-scale10.tflite is there and has dimension 5" in checks(path)[1]


def test_nothing_that_has_a_dimension_is_told_with_what_to_do(tmp_path):
    path = write(tmp_path)
    for words in (checks(path)[1], opens(path)):
        assert "model.dimension: missing" in words
        assert "name a model" in words


def test_options_stand_above_what_is_left_out(tmp_path):
    (tmp_path / "m.tflite").write_bytes(model(9))
    path = write(tmp_path)
    named = load(path, {}, tmp_path / "m.tflite")
    assert named.config.model.dimension == 9
    assert load(path, {"dimension": 5}).config.model.dimension == 5
    path = write(tmp_path, None, [4])
    with pytest.raises(ConfigError, match=r"--dimension 9 does not fit: found 4 entries; wanted 8"):
        load(path, {"dimension": 9})


def test_a_left_out_dimension_stays_left_out_when_the_file_is_edited(tmp_path):
    path = write(tmp_path, None, [4])
    document = ConfigDocument.open(path)
    document.set("title", "Stage")
    document.save()
    assert "dimension" not in path.read_text()


def archive(name):
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(name, b"hello")
    return content.getvalue()


BAD = {
    "HTML": b"<!DOCTYPE html><html><body>404</body></html>",
    "empty": b"",
    "truncated": model(5)[: len(model(5)) // 2],
    "a head": model(5)[:16],
    "zip": archive("readme.txt"),
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "pickle": b"\x80\x04\x95" + bytes(50),
    "LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\n",
    "HDF5 head": b"\x89HDF\r\n\x1a\n" + bytes(200),
    "text": b"model",
    "directory": None,
    "missing": None,
}


@pytest.mark.parametrize("suffix", ["tflite", "keras", "h5"])
@pytest.mark.parametrize("kind", BAD)
@pytest.mark.slow
def test_a_file_that_is_no_model_is_refused_by_check_as_by_run(tmp_path, kind, suffix):
    file = tmp_path / f"m.{suffix}"
    if kind == "directory":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes(BAD[kind])
    for dimension in (5, None):
        path = write(tmp_path, dimension, [], file.name)
        plays, words = checks(path)
        outcome = opens(path)
        assert not plays
        assert isinstance(outcome, str)
        assert file.name in words
        assert file.name in outcome
        report = json.loads(check(path, "--json").output)
        assert (report["valid"], report["plays"], len(report["errors"])) == (True, False, 1)
        assert [each for each in check_up(path) if each.level == "problem" and file.name in each.text]


@pytest.mark.parametrize("kind", [*BAD, "another dimension"])
@pytest.mark.slow
def test_a_scene_whose_model_cannot_be_used_is_a_warning(tmp_path, kind):
    file = tmp_path / "m.tflite"
    if kind == "directory":
        file.mkdir()
    elif kind != "missing":
        file.write_bytes(BAD.get(kind, model(9)))
    path = write(tmp_path, 5, [], None, '[scenes."verse"]\nmodel = "m.tflite"')
    (problem,) = model_problems(load_config(path))
    assert (problem.level, problem.key) == ("warning", 'scenes."verse".model')
    plays, words = checks(path)
    assert plays
    assert opens(path) == 5
    assert 'scenes."verse".model' in words


KINDS = {
    "note_on": ["note_on", 1],
    "control_change": ["control_change", 1, 3],
    "pitch_bend": ["pitch_bend", 1],
    "control_change_14": ["control_change_14", 1, 3],
    "channel_aftertouch": ["channel_aftertouch", 1],
    "program_change": ["program_change", 1],
}
OWN = {"control_change_14", "channel_aftertouch", "program_change"}


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=6), st.sampled_from(["midi", "websocket"]))
def test_entries_that_the_siblings_skip_are_told_where_they_shift_others(kinds, section):
    entries = json.dumps([KINDS[kind] for kind in kinds])
    where = (
        f"[midi]\nin_device = ['A']\ninput.A = {entries}" if section == "midi" else f"[websocket]\ninput = {entries}"
    )
    loaded = parse_config(f"[model]\n{where}\n")
    # What a sibling has: the known ones, counted anew. Those that are elsewhere then than here have shifted.
    theirs = [index for index, kind in enumerate(kinds) if kind not in OWN]
    shifted = any(there != here for there, here in enumerate(theirs))
    assert bool(loaded.elsewhere) == shifted
    assert not any("browser apps" in each.text for each in (*loaded.warnings, *loaded.conflicts, *loaded.notes))
    for problem in loaded.elsewhere:
        assert problem.line
        assert problem.key.endswith(f"[{next(i for i, kind in enumerate(kinds) if kind in OWN)}]")


def test_check_and_doctor_tell_what_the_siblings_skip_and_run_does_not(tmp_path, caplog):
    path = tmp_path / "config.toml"
    path.write_text('[model]\n[osc]\n[websocket]\ninput = [["program_change", 1], ["note_on", 1]]\n')
    plays, words = checks(path)
    assert plays
    assert 'skip "program_change" without counting it' in words
    assert [each for each in check_up_of(path) if "program_change" in each.text]
    assert opens(path) == 3
    assert "program_change" not in caplog.text
