"""``impsy config check`` and ``impsy config upgrade`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from impsy.cli.config import command
from impsy.config import InvalidConfigError, load_config
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
port = "/dev/a"
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


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["upgrade", "--help"]])
def test_help_has_examples(arguments: list[str]) -> None:
    example = "impsy config upgrade --dry-run" if "upgrade" in arguments else "impsy config check stage.toml"
    assert example in CliRunner().invoke(command, arguments).output


@pytest.mark.slow
def test_every_real_config_checks_out(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared_data)  # where the models are that they name
    for file in sorted((shared_data / "configs").glob("*.toml")):
        result = check(str(file))
        assert result.exit_code == 0, file.name
        assert f"{file} is valid" in result.output


# --- earlier forms ----------------------------------------------------------------------------------

EARLIER = """\
# on stage
log = true # all of it
[model]
dimension = 3
[midi]
in_device = "A" # left
input = [
  ["note_on", 1], # keys
  ["note_on", 2],
]
[websocket]
server_port = "5001"
"""


def run_upgrade(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["upgrade", *arguments])


def test_check_says_in_one_line_what_was_understood(folder: Path) -> None:
    (folder / "config.toml").write_text(EARLIER)
    result = check()
    assert result.exit_code == 0
    (line,) = [line for line in result.output.splitlines() if "earlier form" in line]
    for words in (
        "log is log_input",
        "[websocket] without mappings",
        "`impsy config upgrade` writes the present form",
    ):
        assert words in line
    assert "warning" not in result.output
    assert "note:" not in result.output
    understood = json.loads(check("--json").output)["understood"]
    assert [(each["key"], each["line"]) for each in understood][:2] == [("log", 2), ("midi.in_device", 6)]


def test_an_upgrade_says_what_changed_and_keeps_the_old_file(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text(EARLIER)
    before = load_config(file).config
    result = run_upgrade()
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == "config.toml is in the present form now; as it was, it is config.toml.bak"
    assert "  log is log_input" in result.output.splitlines()
    assert (folder / "config.toml.bak").read_text() == EARLIER
    after = load_config(file)
    assert (after.config, after.earlier_form, after.warnings, after.notes) == (before, "", (), ())
    for comment in ("# on stage", "# all of it", "# left", "# keys"):
        assert comment in file.read_text()


def test_a_second_upgrade_changes_nothing(folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text(EARLIER)
    run_upgrade()
    once = file.read_bytes()
    result = run_upgrade()
    assert result.exit_code == 0
    assert result.output == "config.toml is in the present form already: nothing was changed\n"
    assert file.read_bytes() == once
    assert (folder / "config.toml.bak").read_text() == EARLIER


def test_a_dry_run_shows_the_difference_and_writes_nothing(folder: Path) -> None:
    (folder / "old.toml").write_text(EARLIER)
    result = run_upgrade("old.toml", "--dry-run")
    assert result.exit_code == 0
    for line in (
        "-log = true # all of it",
        "+log_input = true # all of it",
        '+input."A" = [',
        "Nothing was written.",
    ):
        assert line in result.output.splitlines()
    assert [path.name for path in folder.iterdir()] == ["old.toml"]
    assert (folder / "old.toml").read_text() == EARLIER


def test_no_backup_is_ever_given_up(folder: Path) -> None:
    for number in range(3):
        (folder / "config.toml").write_text(f"# file {number}\n{EARLIER}")
        assert run_upgrade().exit_code == 0
    kept = {path.read_text().splitlines()[0] for path in folder.glob("config.toml.bak*")}
    assert kept == {"# file 0", "# file 1", "# file 2"}
    (folder / "config.toml").write_text(f"# file 2\n{EARLIER}")
    run_upgrade()
    assert len([*folder.glob("config.toml.bak*")]) == 3, "the same file is kept once"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "impsy init"),
        ("log = \n", "line 1"),
        (EARLIER.replace('"note_on", 2', '"note_of", 2'), "line 9: midi.input[1]"),
        (EARLIER.replace("dimension = 3", "dimension = 4"), "line 7: midi.input"),
    ],
)
def test_what_is_wrong_is_told_as_it_stands_and_nothing_is_written(
    folder: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (folder / "config.toml").write_text(text)
    result = run_upgrade()
    assert isinstance(result.exception, ConfigError)
    assert words in str(result.exception)
    assert [path.name for path in folder.iterdir()] == ["config.toml"] * (text is not None)
    assert text is None or (folder / "config.toml").read_text() == text


@pytest.mark.slow
def test_every_early_config_is_upgraded(shared_data: Path, folder: Path) -> None:
    files = sorted((shared_data / "configs-early").glob("*.toml"))
    assert len(files) >= 11
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
        before = load_config(folder / file.name).config
        assert run_upgrade(file.name).exit_code == 0, file
        after = load_config(folder / file.name)
        assert (after.config, after.earlier_form, after.warnings, after.conflicts) == (before, "", (), ()), file
        assert (folder / f"{file.name}.bak").read_bytes() == file.read_bytes()
