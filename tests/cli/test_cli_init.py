"""``impsy init`` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from impsy.cli.init import command
from impsy.config import load_config
from impsy.errors import ConfigError


def test_a_workspace_elsewhere_with_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, ["stage"])
    assert result.exit_code == 0
    assert load_config("stage/config.toml").warnings == ()
    for words in ("config.toml written", "cd stage", "impsy config check", "impsy run"):
        assert words in result.output


def test_a_workspace_here_needs_no_cd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command)
    assert result.exit_code == 0
    assert (tmp_path / "logs").is_dir()
    assert "cd " not in result.output


def test_a_second_time_only_by_force(tmp_path: Path) -> None:
    CliRunner().invoke(command, [str(tmp_path)])
    (tmp_path / "config.toml").write_text("mine")
    refused = CliRunner().invoke(command, [str(tmp_path)])
    assert isinstance(refused.exception, ConfigError)
    forced = CliRunner().invoke(command, [str(tmp_path), "-f"])
    assert forced.exit_code == 0
    assert "config.toml.bak" in forced.output
    assert (tmp_path / "config.toml.bak").read_text() == "mine"


def test_help_has_examples() -> None:
    assert "impsy init my-instrument" in CliRunner().invoke(command, ["--help"]).output
