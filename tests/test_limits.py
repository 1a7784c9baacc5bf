"""Dimensions at every door, and the budget of memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from impsy.cli.main import group
from impsy.config import parse_config
from impsy.data.logs.reading import read_log
from impsy.errors import ConfigError, DataError, ImpsyError
from impsy.limits import LIMITS, MOST_DIMENSION, Budget, shortened

HUGE = ("300000000", "0", "-1", "1", str(2**63), str(2**64), "5001", "9.5", "1e9", "nan", "true", '"9"', "0x7fffffff")


@pytest.mark.parametrize("dimension", HUGE)
def test_a_configuration_with_such_a_dimension_is_refused(dimension: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.dimension") as refused:
        parse_config(f"[model]\ndimension = {dimension}\n")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("dimension", [2, 9, 64, 1025, MOST_DIMENSION])
def test_real_ones_are_not(dimension: int) -> None:
    assert parse_config(f"[model]\ndimension = {dimension}\n").config.model.dimension == dimension


@pytest.mark.parametrize(
    "command",
    [
        ["run", "-d", "300000000"],
        ["run", "-d", "-1"],
        ["replay", "a.log", "-d", "300000000"],
        ["dataset", "-D", "300000000"],
        ["dataset", "-D", "0"],
        ["train", "-D", "300000000"],
        ["search", "-D", "300000000"],
        ["import-midi", "a.mid", "-d", "300000000"],
        ["export-midi", "a.log", "-d", "300000000"],
        ["export-midi", "2026-01-01T00-00-00-99999d-mdrnn.log"],
        ["map", "--controls", "300000000"],
        ["test-mdrnn", "-d", "300000000"],
    ],
    ids=" ".join,
)
def test_no_command_takes_a_huge_one(tmp_path: Path, monkeypatch, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[model]\ndimension = 9\nfile = ""\n')
    for folder in ("logs", "datasets"):
        (tmp_path / folder).mkdir()
    for name in ("a.log", "2026-01-01T00-00-00-99999d-mdrnn.log", "a.mid"):
        (tmp_path / name).write_text("2026-01-01T00:00:00.000000,interface,0.5\n" * 3)
    done = CliRunner().invoke(group, command)
    assert done.exit_code != 0
    assert isinstance(done.exception, ImpsyError | SystemExit), done.exception


def test_a_log_of_a_huge_one_is_refused_before_room_is_made(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01T00-00-00-99999d-mdrnn.log"
    path.write_text("2026-01-01T00:00:00.000000,interface,0.5\n" * 1000)
    for controls in (99_998, 1 << 40, 0, -1):
        with pytest.raises(DataError, match="a row of a log has 1 to 4,999 values"):
            read_log(path, controls)


def test_a_budget_is_for_all_that_is_made() -> None:
    budget = Budget(100, DataError)
    budget.spend(10, 5)
    budget.spend(50)
    with pytest.raises(DataError, match="memory"):
        budget.spend(1)
    assert Budget.of_file(0, DataError)
    with pytest.raises(DataError, match="more than 256 MB"):
        Budget.of_file(10, DataError).spend(1 << 60)


def test_each_limit_says_what_it_is_for() -> None:
    for limit in LIMITS:
        assert limit > 0
        assert limit.what
        assert limit.why
        assert limit % limit.unit == 0
    assert len(shortened("x" * 10_000)) < 700
