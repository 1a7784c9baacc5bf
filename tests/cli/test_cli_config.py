"""``impsy config check`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from impsy.cli.config import command
from impsy.config import InvalidConfigError
from impsy.errors import ConfigError

CONFIG = """\
name = "someone"
[interaction]
treshold = 3
[model]
dimension = 2
file = "gone.tflite"
[osc]
[serial]
port = "/dev/a"
[serialmidi]
input = [["note_on", 1]]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["check", *arguments])


def test_a_valid_config_says_what_will_be_on_and_what_is_odd(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG)
    result = check()
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == "config.toml is valid, but cannot be played"
    rows = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert list(rows) == ["mode", "model", "osc", "serialmidi", "log"]
    assert "127.0.0.1:6000" in rows["osc"]
    said = [line for line in lines[1:] if not line.startswith("  ")]
    assert [line.split(":")[0] for line in said] == ["error", "error", "warning", "note"]
    assert "gone.tflite" in said[0]
    assert "[serial] stays closed" in said[1]
    assert "Did you mean threshold?" in said[2]
    assert "name" in said[3]


def test_every_input_and_output_has_its_row(folder: Path) -> None:
    text = '[model]\ndimension = 2\n[midi]\nin_device = ["A"]\ninput."A" = [["note_on", 1]]\n[websocket]\n[webui]\n'
    (folder / "config.toml").write_text(text + '[serial]\nport = "COM3"\n')
    output = check().output
    for words in ("in A; out -", "127.0.0.1:5001", "COM3, 115200 baud", "monitor port 4001"):
        assert words in output


def test_errors_go_up_to_whoever_prints_them(folder: Path) -> None:
    (folder / "bad.toml").write_text("[model]\ndimension = 1\n[osc]\nserver_port = -1\n")
    result = check("bad.toml")
    assert result.exit_code == 1
    assert isinstance(result.exception, InvalidConfigError)
    assert len(result.exception.problems) == 2
    assert result.output == ""
    assert isinstance(check("missing.toml").exception, ConfigError)


def test_json_for_a_valid_config(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG.replace('file = "gone.tflite"\n', ""))
    result = check("--json")
    report = json.loads(result.output)
    assert result.exit_code == 0
    assert (report["valid"], report["plays"]) == (True, True)
    assert report["errors"] == []
    assert [problem["key"] for problem in report["conflicts"]] == ["serial"]
    assert [problem["key"] for problem in report["warnings"]] == ["interaction.treshold"]
    assert report["warnings"][0]["line"] == 3
    assert report["notes"][0]["level"] == "info"
    assert set(report["on"]) == {"mode", "model", "osc", "serialmidi", "log"}


@pytest.mark.parametrize("text", ["[model]\ndimension = 1\n", "[model\n", None])
def test_json_for_a_config_that_is_wrong(folder: Path, text: str | None) -> None:
    if text is not None:
        (folder / "config.toml").write_text(text)
    result = check("--json")
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert report["valid"] is False
    assert len(report["errors"]) == 1
    assert report["errors"][0]["text"]


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"]])
def test_help_has_examples(arguments: list[str]) -> None:
    assert "impsy config check stage.toml" in CliRunner().invoke(command, arguments).output


def test_every_real_config_checks_out(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared_data)  # where the models are that they name
    for file in sorted((shared_data / "configs").glob("*.toml")):
        result = check(str(file))
        assert result.exit_code == 0, file.name
        assert f"{file} is valid" in result.output
