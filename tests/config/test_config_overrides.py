"""Options of a command above what the config says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from config_texts import MINIMAL, STAGE

from impsy.config import InvalidConfigError, parse_config, with_overrides

CONFIG = parse_config(STAGE).config
BARE = parse_config(MINIMAL).config


@pytest.mark.parametrize(
    ("option", "value", "section", "key"),
    [
        ("dimension", 5, "model", "dimension"),
        ("sigmatemp", 0.5, "model", "sigmatemp"),
        ("pitemp", 2.0, "model", "pitemp"),
        ("timescale", 0.5, "model", "timescale"),
        ("mode", "battle", "interaction", "mode"),
        ("threshold", 2.0, "interaction", "threshold"),
        ("input_thru", True, "interaction", "input_thru"),
        ("verbose", True, None, "verbose"),
        ("log_input", False, None, "log_input"),
        ("log_predictions", True, None, "log_predictions"),
    ],
)
def test_an_option_changes_its_key_and_nothing_else(option: str, value: Any, section: str | None, key: str) -> None:
    changed = with_overrides(BARE, **{option: value})
    part = getattr(changed, section) if section else changed
    assert getattr(part, key) == value
    before, after = BARE.model_dump(), changed.model_dump()
    (after[section] if section else after)[key] = (before[section] if section else before)[key]
    assert before == after


def test_without_options_nothing_changes() -> None:
    assert with_overrides(CONFIG, mode=None, dimension=None) == CONFIG


def test_false_is_an_option_too() -> None:
    assert with_overrides(with_overrides(BARE, verbose=True), verbose=False).verbose is False


def test_a_model_is_named_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert with_overrides(CONFIG, model_file="m.tflite").model.file == str(tmp_path / "m.tflite")
    assert with_overrides(CONFIG, model_file=tmp_path / "n.h5").model.file == str(tmp_path / "n.h5")


def test_wrong_options_are_all_told_by_their_names() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        with_overrides(CONFIG, threshold=-1.0, mode="batle", pitemp=float("nan"))
    told = {problem.key: str(problem) for problem in caught.value.problems}
    assert set(told) == {"--threshold", "--mode", "--pi-temp"}
    assert "found -1.0" in told["--threshold"]
    assert 'Did you mean "battle"?' in told["--mode"]


def test_a_dimension_that_no_mapping_fits_is_told_with_the_option() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        with_overrides(CONFIG, dimension=9)
    assert [problem.key for problem in caught.value.problems] == ['midi.input."X-TOUCH"', 'midi.output."Volca"']
    assert "--dimension 9" in str(caught.value)
    assert "found 2 entries; wanted 8" in str(caught.value)


def test_sections_stay_as_they_are() -> None:
    full = parse_config(STAGE + '[serialmidi]\nport = "/dev/a"\n[websocket]\n').config
    assert with_overrides(full, mode="battle").midi == full.midi
    assert with_overrides(full, mode="battle").serialmidi == full.serialmidi
