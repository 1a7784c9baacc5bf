"""``impsy replay`` by a journal, and ``impsy export``."""

from __future__ import annotations

import zipfile

import pytest
from click.testing import CliRunner

from impsy.cli.main import group
from impsy.errors import ConfigError, DataError
from recorded_take import MODELS, record


@pytest.fixture
def take(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("log_predictions = true\n[model]\ndimension = 3\n")
    return record(tmp_path)


def impsy(*arguments: object) -> str:
    result = CliRunner().invoke(group, [str(each) for each in arguments])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_a_take_with_a_journal_is_replayed_exactly(take, tmp_path):
    said = " ".join(impsy("replay", take).split())
    assert "Replayed exactly, by its journal" in said
    assert "byte for byte" in said
    assert (tmp_path / "replays" / take.name).read_bytes() == take.read_bytes()
    impsy("replay", take, "--check", "-o", "again.log")
    assert (tmp_path / "again.log").read_bytes() == take.read_bytes()
    impsy("replay", take, "--check", "--seed", 3)


def test_check_fails_where_the_log_is_another(take):
    lines = take.read_text().splitlines(keepends=True)
    take.write_text("".join([*lines[:5], lines[5].replace("0", "1", 1), *lines[6:]]))
    with pytest.raises(DataError, match=r"differ from .* from row 6 on"):
        impsy("replay", take, "--check")
    assert "from row 6 on" in " ".join(impsy("replay", take).split())
    take.write_text("".join(lines[:5]))
    with pytest.raises(DataError, match=r"differ|left over"):
        impsy("replay", take, "--check")


@pytest.mark.parametrize("options", [["--mode", "battle"], ["--seed", "4"], ["-c", "config.toml"], ["--tail", "1"]])
@pytest.mark.slow
def test_options_that_ask_for_another_performance_leave_the_journal_aside(take, options):
    said = " ".join(impsy("replay", take, *options, "-o", "again.log").split())
    name = {"-c": "--config"}.get(options[0], options[0])
    assert f"is left aside, as {name} asks for another performance" in said
    with pytest.raises(ConfigError, match=f"leave out {name}"):
        impsy("replay", take, *options, "--check")


def test_without_its_journal_only_the_performers_rows_are_replayed(take):
    assert "Replayed 14 events" in " ".join(impsy("replay", take, "--no-journal").split())
    take.with_suffix(".jsonl").unlink()
    with pytest.raises(ConfigError, match="there is none beside"):
        impsy("replay", take, "--check")


def test_models_of_another_folder_are_found(take, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "kept"
    elsewhere.mkdir(parents=True)
    (tmp_path / "models" / MODELS[1]).rename(elsewhere / "other-name.tflite")
    with pytest.raises(DataError, match=r"second.tflite is not there as it was: its SHA-256 was [0-9a-f]{64}"):
        impsy("replay", take)
    impsy("replay", take, "--check", "--models", elsewhere)


def test_takes_are_exported_as_a_table_and_an_archive(take, tmp_path):
    assert "1 take" in impsy("export", take, "-o", "out.csv")
    assert "1 take" in impsy("export", take, take, "-o", "out.zip")
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.testzip() is None
    with pytest.raises(ConfigError, match=r"neither \.csv"):
        impsy("export", take, "-o", "out.txt")
    take.with_suffix(".jsonl").unlink()
    assert "1 without a journal" in " ".join(impsy("export", take, "-o", "out.csv").split())
    with pytest.raises(DataError, match="has no journal"):
        impsy("export", take, "-o", "out.zip")
    with zipfile.ZipFile("empty.zip", "w") as archive:
        archive.writestr("README.txt", "nothing")
    with pytest.raises(DataError, match="there is no take in it"):
        impsy("replay", "empty.zip")


def test_a_replay_is_not_written_through_a_link_that_leads_out(take, tmp_path):
    other = tmp_path.with_name(tmp_path.name + "-other")
    other.mkdir()
    (tmp_path / "replays").symlink_to(other)
    with pytest.raises(ConfigError, match="--output"):
        impsy("replay", take)
    assert not list(other.iterdir())
