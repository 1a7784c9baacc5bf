"""What a new workspace holds, and that its config is in order however much of it is turned on."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from impsy.config import Config, load_config, parse_config
from impsy.config.problems import listed_section_of, section_of
from impsy.config.workspace import OTHER_MODEL, STARTER_MODEL, create_workspace, starter_files, template
from impsy.errors import ConfigError, DeviceError
from impsy.models.opening import open_model

TEMPLATE = template("config.toml")
CODE = re.compile(r'#([a-z\[\]]|  \["\w+", \d)')
SECTIONS = sorted(
    n
    for n in Config.model_fields
    if section_of(Config, n) or section_of(Config, n, named=True) or listed_section_of(Config, n)
)


def uncommented(section: str | None = None) -> str:
    """The template with the lines of one section, or of all, turned on."""
    lines, within = [], section is None
    for line in TEMPLATE.splitlines():
        header = re.match(r"#?\[\[?(\w+)", line)
        if header and section is not None:
            within = header.group(1) == section
        lines.append(line[1:] if within and CODE.match(line) else line)
    return "\n".join(lines) + "\n"


def test_the_template_is_in_order() -> None:
    loaded = parse_config(TEMPLATE)
    assert (loaded.warnings, loaded.conflicts, loaded.notes) == ((), (), ())
    config = loaded.config
    assert config.osc is not None
    assert (config.osc.server_ip, config.osc.server_port) == ("127.0.0.1", 6000)
    assert (config.osc.client_ip, config.osc.client_port) == ("127.0.0.1", 6001)
    assert (config.interaction.mode, config.model.dimension) == ("callresponse", 9)
    assert config.model.file == STARTER_MODEL
    on = {name for name in SECTIONS if getattr(config, name)}
    assert on == {"interaction", "clock", "learning", "model", "osc", "study"}


@pytest.mark.parametrize("section", [*SECTIONS, None])
def test_each_section_is_in_order_when_turned_on_and_so_are_all(section: str | None) -> None:
    loaded = parse_config(uncommented(section))
    assert (loaded.warnings, loaded.conflicts, loaded.notes) == ((), (), ())
    for name in [section] if section else SECTIONS:
        assert getattr(loaded.config, name)


def test_the_template_shows_every_key() -> None:
    data = tomllib.loads(uncommented())
    for name in Config.model_fields:
        section = section_of(Config, name)
        assert name in data
        for key in section.model_fields if section else ():
            if (name, key) != ("midi", "api"):  # for those who know that they need it
                assert key in data[name], (name, key)
        named = section_of(Config, name, named=True)
        for table in data[name].values() if named else ():
            assert table.keys() == named.model_fields.keys()
        listed = listed_section_of(Config, name)
        for table in data[name] if listed else ():
            assert table.keys() == listed.model_fields.keys()


def test_values_in_the_template_are_the_defaults() -> None:
    """Turning a line off must change nothing, except where the template says so."""
    config = parse_config(uncommented("webui")).config
    bare = parse_config("[model]\ndimension = 9\n[osc]\n[webui]\n").config
    assert (config.interaction, config.osc, config.webui) == (bare.interaction, bare.osc, bare.webui)
    assert config.model.model_copy(update={"size": None, "file": ""}) == bare.model


def test_a_workspace_is_made_with_all_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    done = create_workspace(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.txt",
        "config.toml",
        "datasets",
        "logs",
        "models",
    ]
    assert load_config(folder / "config.toml").config.model.dimension == 9
    assert [line.split()[0] for line in done] == [*starter_files(), "logs/", "datasets/", "models/"]


def test_a_config_that_is_there_is_never_lost(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mine")
    (tmp_path / "README.txt").write_text("mine too")
    with pytest.raises(ConfigError, match="-f"):
        create_workspace(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.txt", "config.toml"]
    create_workspace(tmp_path, force=True)
    assert (tmp_path / "config.toml").read_text() == TEMPLATE
    assert (tmp_path / "config.toml.bak").read_text() == "mine"
    assert (tmp_path / "README.txt.bak").read_text() == "mine too"
    create_workspace(tmp_path, force=True)
    assert (tmp_path / "config.toml.bak").read_text() == "mine"


def test_a_readme_of_the_users_stays(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("mine")
    create_workspace(tmp_path)
    assert (tmp_path / "README.txt").read_text() == "mine"


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(DeviceError, match="logs"):
        create_workspace(tmp_path)


def test_there_is_another_model_to_switch_to(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    opened = open_model(tmp_path / OTHER_MODEL)
    assert (opened.dimension, opened.mixtures, opened.architecture) == (9, 5, "residual")


def test_the_model_it_starts_with_is_small_plays_and_says_what_it_learned_from(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    assert len(starter_files()[STARTER_MODEL]) <= 300_000
    loaded = load_config(tmp_path / "config.toml")
    opened = open_model(tmp_path / loaded.config.model.file)
    assert (opened.dimension, opened.architecture) == (9, "gestures")
    opened.predictor.hear([0.1] + [0.5] * 8)
    played = opened.predictor.sample(np.random.default_rng(0), 1.0, 0.01)
    assert np.isfinite(played).all()
    said = json.loads((tmp_path / STARTER_MODEL).with_suffix(".json").read_text())
    assert said["trained_on"]["events"] > 90_000
    assert said["figures"]["held_out_nll"] < -11.5
