"""A live setting is one row: from it come its key, option, address, scene value, page command and form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from impsy.settings import ROWS, SETTINGS, Setting, Settings

HERE = Path(__file__).parent

OTHERS = {
    "mode": "battle", "input_thru": True, "paused": True, "clock_source": "internal", "tempo": 90.5, "grid": "1/8t",
    "while_playing": True,
}  # fmt: skip


def other_value(row: Setting):
    """A value that is not the default."""
    return OTHERS.get(row.name, 0.75)


def outlets(row: Setting) -> dict[str, object]:
    """What each place where a setting can be met makes of this one; a place that does not know it is left out."""
    from impsy.cli.run import command as run
    from impsy.codecs.osc import OscDecoder, encode_message
    from impsy.config import parse_config, with_overrides
    from impsy.perform.building.session import engine_settings
    from impsy.perform.scenes import scenes_of
    from impsy.protocol.workspace import Scene
    from impsy.web.api.config import Settings as SavedScene
    from impsy.web.config.forms import config_schema
    from impsy.web.live.page import COMMANDS

    value = other_value(row)
    toml = f'"{value}"' if row.kind == "choice" else str(value).lower()
    known: dict[str, object] = {}
    form = config_schema()["properties"]
    if row.key in form.get(row.section, {}).get("properties", {}):
        text = f"[model]\ndimension = 3\n[{row.section}]\n{row.key} = {toml}\n"
        text = text.replace("[model]\ndimension = 3\n[model]", "[model]\ndimension = 3")
        known["key"] = getattr(engine_settings(parse_config(text).config), row.name)
        known["form"] = form[row.section]["properties"][row.key]["title"]
    options = {option for each in run.params for option in each.opts}
    if row.flag in options:
        loaded = parse_config("[model]\ndimension = 3\n")
        known["option"] = getattr(engine_settings(with_overrides(loaded.config, **{row.key: value})), row.name)
    tag = {"number": "f", "flag": "i", "choice": "s"}.get(row.kind, "s")
    decoded = OscDecoder(2).decode(encode_message(f"/impsy/{row.command}", tag, [value])) if row.command else None
    if decoded is not None and decoded.events:
        known["address"] = (decoded.events[0].name, decoded.events[0].value)
    if row.command in COMMANDS:
        known["command"] = COMMANDS[row.command][0]
    if row.key in SavedScene.model_fields:
        loaded = parse_config(f"[model]\ndimension = 3\n[scenes.a]\n{row.key} = {toml}\n")
        known["scene"] = [(event.name, event.value) for event in scenes_of(loaded).by_name["a"].events]
        assert row.key in Scene.model_fields
        assert row.key in form["scenes"]["additionalProperties"]["properties"]
    return known


def check(row: Setting) -> None:
    """The row is known everywhere that its columns say, and nowhere else."""
    value = other_value(row)
    wanted: dict[str, object] = {}
    if row.key:
        wanted |= {"key": value, "form": row.title}
    if row.option:
        wanted["option"] = value
    if row.address:
        wanted |= {"address": (row.name, value), "command": row.address}
    if row.in_scenes:
        wanted["scene"] = [(row.name, value)]
    assert outlets(row) == wanted


@pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
def test_a_row_is_all_that_a_setting_needs(row):
    check(row)


def planned() -> list[Setting]:
    return [row for row in ROWS if row.planned]


def test_a_setting_that_nothing_uses_yet_is_nowhere():
    assert [outlets(row) for row in planned()] == [{} for _ in planned()]


LIFTED = """\
from dataclasses import replace
from impsy import settings
row = next(row for row in settings.ROWS if row.name == {name!r})
row = settings.SETTINGS[row.name] = replace(row, planned=False)
from test_settings import check
check(row)
"""


def test_once_it_is_not_planned_any_more_its_row_makes_it_known_everywhere():
    for row in planned():
        done = subprocess.run(
            [sys.executable, "-c", LIFTED.format(name=row.name)],
            cwd=HERE, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
def test_defaults_are_good_values_and_those_of_the_engine(row):
    assert row.fault(row.default) == ""
    assert getattr(Settings(3), row.name) == row.default


@pytest.mark.parametrize(("name", "given", "set_to"), [("tempo", 1000, 400), ("tempo", 0.5, 20), ("quantise", 3, 1)])
def test_a_number_within_limits_is_refused_beyond_them_and_a_command_sets_the_limit(name, given, set_to):
    row = SETTINGS[name]
    assert f"a number from {row.within[0]:g} to {row.within[1]:g}" in row.fault(given)
    assert row.within_useful(given) == set_to
    assert row.fault(set_to) == ""
