"""Files to typed configs: real ones load, wrong ones are told in full, paths resolve."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from config_texts import MINIMAL, STAGE

from impsy.config import InvalidConfigError, InvalidTomlError, LoadedConfig, load_config, parse_config
from impsy.errors import ConfigError, ConfigSyntaxError, DeviceError
from waiting import if_idle

FIVE_MISTAKES = """\
[interaction]
mode = "batle"
treshold = 0.2

[model]
dimension = 4
sigmatemp = "0.1"

[midi]
in_device = ["X-TOUCH"]
input."X-TOUCH" = [
  ["control_change", 11, 1],
  ["control_change", 11, 200],
]

[osc]
server_port = 99999
"""


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        parse_config(FIVE_MISTAKES, where="stage.toml")
    told = [(problem.line, problem.key) for problem in caught.value.problems]
    assert told == [
        (2, "interaction.mode"),
        (3, "interaction.treshold"),
        (7, "model.sigmatemp"),
        (11, 'midi.input."X-TOUCH"'),
        (13, 'midi.input."X-TOUCH"[1]'),
        (17, "osc.server_port"),
    ]
    assert all(problem.file == "stage.toml" for problem in caught.value.problems)
    message = str(caught.value)
    assert message.splitlines()[0] == "stage.toml has 5 errors:"
    assert len(message.splitlines()) == 7
    for words in (
        'Did you mean "battle"?',
        "Did you mean threshold?",
        "Did you mean 0.1?",
        "2 entries",
        "controller 200",
        "99999",
    ):
        assert words in message


def test_one_mistake_is_one_line_with_file_line_and_key() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        parse_config("[model]\ndimension = 1\n", where="a.toml")
    assert str(caught.value).startswith("a.toml, line 2: model.dimension: found 1; wanted a whole number")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("[model]\ndimension = \n", 2, 13, "A value is missing"),
        ("[model]\nfile = models/a.tflite\n", 2, None, "quotes"),
        ("[model]\nfile = “a”\n", 2, 8, "straight quotes"),
        ("verbose = True\n", 1, 11, "small letters"),
        ("[model\n", 1, None, "ends with ]"),
        ("[model]\ndimension: 9\n", 2, None, "key = value"),
        ("a = 1\na = 2\n", 2, None, "twice"),
        ("[a]\n[a]\n", 2, None, "twice"),
        ('file = "C:\\models"\n', 1, None, "single quotes"),
        ("x = [1,\n", 2, 1, "not TOML"),
        ("a = 1" + "0" * 5000, None, None, "too many digits"),
        ("a = " + "[" * 5000, None, None, "too deeply"),
    ],
)
def test_what_is_not_toml_says_where_and_what_to_do(
    text: str, line: int | None, column: int | None, words: str
) -> None:
    with pytest.raises(InvalidTomlError) as caught:
        parse_config(text, where="b.toml")
    error = caught.value
    assert isinstance(error, ConfigSyntaxError)
    assert error.line == line
    assert column is None or error.column == column
    assert words in str(error)
    assert str(error).startswith("b.toml")


def test_text_in_another_encoding_is_located(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes('# ok\ntitle = "caf\u00e9"\n'.encode("latin-1"))
    with pytest.raises(InvalidTomlError, match="0xe9") as caught:
        load_config(file)
    assert (caught.value.line, caught.value.column) == (2, 13)


@pytest.mark.parametrize("dress", ["\ufeff{}", "crlf", "no end"])
def test_byte_order_marks_and_line_ends_do_not_matter(tmp_path: Path, dress: str) -> None:
    text = {"crlf": STAGE.replace("\n", "\r\n"), "no end": STAGE.rstrip("\n")}.get(dress, "\ufeff" + STAGE)
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode())
    assert load_config(file).config == parse_config(STAGE).config


def test_lines_are_right_under_a_byte_order_mark_and_crlf() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        parse_config("\ufeff# one\r\n[model]\r\ndimension = 1\r\n")
    assert caught.value.problems[0].line == 3


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="impsy init"):
        load_config(tmp_path / "nothing.toml")
    with pytest.raises(ConfigError, match=r"Did you mean .*config\.toml"):
        load_config(tmp_path)


def test_a_file_that_may_not_be_read_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    with pytest.raises(DeviceError, match="cannot be read"):
        load_config(tmp_path / "loop.toml")


def test_paths_lead_to_the_configs_folder_first_then_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    (there / "config.toml").write_text(MINIMAL)
    monkeypatch.chdir(here)
    loaded = load_config("../there/config.toml")
    assert loaded.resolve("m.tflite").found is None
    assert [path.parent.resolve() for path in loaded.resolve("m.tflite").tried] == [there, here]
    (here / "m.tflite").touch()
    assert loaded.resolve("m.tflite").found == here / "m.tflite"
    (there / "m.tflite").touch()
    found = loaded.resolve("m.tflite").found
    assert found is not None
    assert found.resolve() == there / "m.tflite"
    assert loaded.resolve(here / "m.tflite").tried == (here / "m.tflite",)


def test_a_model_that_is_not_there_is_told_with_the_places(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(STAGE)
    with pytest.raises(InvalidConfigError, match=r"model\.file") as caught:
        load_config(file).model_file()
    assert str(tmp_path / "models" / "stage.tflite") in str(caught.value)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "stage.tflite").touch()
    assert load_config(file).model_file() == tmp_path / "models" / "stage.tflite"
    assert parse_config(MINIMAL).model_file() is None


EXPECTED: dict[str, tuple[list[str], list[str], list[str]]] = {
    "default.toml": ([], ["serial"], []),
    "user-only-example.toml": (["osc.client_ip"], [], []),
}
"""What there is to say (warnings, conflicts, notes) about real configs; nothing about the others."""


def test_every_real_config_loads_with_nothing_said_that_is_not_so(shared_data: Path) -> None:
    files = sorted((shared_data / "configs").glob("*.toml"))
    assert len(files) >= 8
    for file in files:
        before = file.read_bytes()
        loaded = load_config(file)
        said = tuple(
            [problem.key for problem in level] for level in (loaded.warnings, loaded.conflicts, loaded.notes)
        )
        assert said == EXPECTED.get(file.name, ([], [], [])), file.name
        assert loaded.config.model.dimension > 1
        assert file.read_bytes() == before


def test_a_real_config_means_what_it_says(shared_data: Path) -> None:
    loaded = load_config(shared_data / "configs" / "roland-s-1-quneo.toml").config
    assert loaded.midi is not None
    assert loaded.midi.thru_matrix == {"QuNeo": ("S-1",), "S-1": ("QuNeo",)}
    assert {port: len(mapping) for port, mapping in loaded.midi.input.items()} == {"QuNeo": 8, "S-1": 8}
    assert loaded.midi.feedback_protection is True


def test_loading_takes_milliseconds() -> None:
    parse_config(STAGE)
    start = time.perf_counter()
    for _ in range(20):
        loaded = parse_config(STAGE)
    assert isinstance(loaded, LoadedConfig)
    assert if_idle(time.perf_counter() - start) / 20 < 0.1


def test_permissions_need_no_more_than_reading(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(MINIMAL)
    os.chmod(file, stat.S_IRUSR)
    assert load_config(file).config.model.dimension == 3
