"""``impsy conformance``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from impsy.cli.conformance import command
from impsy.errors import ConfigError, DataError

KINDS = [
    "dataset",
    "midi_input",
    "midi_output",
    "model",
    "pipeline",
    "playback",
    "websocket_input",
    "websocket_output",
]


def conformance(path: Path) -> Result:
    return CliRunner().invoke(command, [str(path)])


def playback(path: Path, **changes: Any) -> None:
    expected = [{"wait": 0.002, "output": [1.0], "next_model_input": [0.001, 1.0]}]
    case = {"name": "clamped", "timescale": 2.0, "model_outputs": [[-1.0, 2.0]], "expected": expected} | changes
    path.write_text(json.dumps({"spec_version": "1.0.0", "tolerance": 1e-9, "cases": [case]}))


def test_the_published_vectors_pass(vectors: Path) -> None:
    result = conformance(vectors)
    assert result.exit_code == 0, result.output
    names = [case["name"] for kind in KINDS for case in json.loads((vectors / f"{kind}.json").read_text())["cases"]]
    assert [line.split()[1] for line in result.output.splitlines() if line.startswith("  pass")] == names
    assert f"all {len(names)} cases pass" in result.output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_changed_expected_value_fails(kind: str, vectors: Path, tmp_path: Path) -> None:
    for file in vectors.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    path = tmp_path / f"{kind}.json"
    content = json.loads(path.read_text())
    case = content["cases"][-1]
    holder, key = case, "expected"
    while isinstance(holder[key], list | dict):
        holder = holder[key]
        key = next(reversed(holder)) if isinstance(holder, dict) else len(holder) - 1
    holder[key] = 7.25
    path.write_text(json.dumps(content))
    result = conformance(tmp_path)
    assert result.exit_code == 1
    (failure,) = [line for line in result.output.splitlines() if "FAIL" in line]
    assert case["name"] in failure
    assert "expected 7.25, got " in failure
    assert "1 of 36 cases fail" in result.output


def test_pass_and_failure_are_told_with_their_place(tmp_path: Path) -> None:
    playback(tmp_path / "playback.json")
    result = conformance(tmp_path)
    assert (result.exit_code, result.output) == (0, "playback.json\n  pass   clamped\n1 case passes\n")
    playback(tmp_path / "playback.json", timescale=3.0)
    result = conformance(tmp_path)
    assert result.exit_code == 1
    assert "  FAIL   clamped: expected[0].wait: expected 0.002, got 0.003\n1 of 1 cases fail\n" in result.output


def test_unknown_files_are_named_and_left_out(tmp_path: Path) -> None:
    playback(tmp_path / "playback.json")
    playback(tmp_path / "smell.json")
    result = conformance(tmp_path)
    assert result.exit_code == 0
    assert "smell.json\n  skipped: not a known kind" in result.output


def test_nothing_to_run_is_an_error(tmp_path: Path) -> None:
    playback(tmp_path / "smell.json")
    result = conformance(tmp_path)
    assert isinstance(result.exception, DataError)
    assert "no case was run" in str(result.exception)
    assert isinstance(conformance(tmp_path / "missing").exception, ConfigError)


def test_malformed_files_fail_and_the_others_still_run(tmp_path: Path) -> None:
    playback(tmp_path / "playback.json")
    (tmp_path / "dataset.json").write_text("{")
    result = conformance(tmp_path)
    assert result.exit_code == 1
    assert "dataset.json\n  error  it is not JSON" in result.output
    assert "pass   clamped" in result.output


def test_names_cannot_command_the_terminal(tmp_path: Path) -> None:
    playback(tmp_path / "playback.json", name="\x1b[2J[red]clamped")
    result = conformance(tmp_path)
    assert "\x1b" not in result.output
    assert "[red]clamped" in result.output


def test_help_has_examples() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert "impsy conformance vectors" in result.output
