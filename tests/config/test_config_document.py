"""Changing a config: what is not asked for stays, to the byte."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from config_texts import FUZZ, MINIMAL, STAGE, texts_in_use, toml_texts
from hypothesis import given
from hypothesis import strategies as st

from impsy.config import InvalidConfigError, InvalidTomlError
from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError
from impsy.mapping.entries import KINDS, NoteOn, PitchBend


def changes(before: str, after: str) -> list[str]:
    """The lines that went (``-``) and came (``+``)."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[:2].strip() + line[2:] for line in lines if line[0] in "+-"]


def changed(text: str, key: str, value: object) -> list[str]:
    document = ConfigDocument(text)
    document.set(key, value)
    return changes(text, document.dumps())


def test_a_value_changes_and_its_comment_stays() -> None:
    assert changed(STAGE, "interaction.mode", "battle") == [
        '-mode = "callresponse" # my favourite',
        '+mode = "battle" # my favourite',
    ]


def test_a_new_key_joins_its_section() -> None:
    document = ConfigDocument(STAGE)
    document.set("interaction.input_thru", True)
    assert "threshold = 0.5\ninput_thru = true\n\n[model]" in document.dumps()


def test_a_new_key_at_the_top_stays_off_the_comment_of_the_first_section() -> None:
    document = ConfigDocument(STAGE)
    document.set("owner", "me")
    assert 'barlines = 120 # not IMPSY\'s\nowner = "me"\n\n# who plays when\n[interaction]' in document.dumps()


def test_a_new_section_comes_last() -> None:
    document = ConfigDocument(STAGE)
    document.set("webui.monitor_port", 5001)
    assert document.dumps() == STAGE + "\n[webui]\nmonitor_port = 5001\n"


def test_an_empty_table_turns_a_section_on() -> None:
    document = ConfigDocument(STAGE.rstrip("\n"))
    document.set("webui", {})
    assert document.dumps() == STAGE + "\n[webui]\n"
    document.set("webui", {})
    assert document.dumps() == STAGE + "\n[webui]\n"


def test_a_table_sets_its_keys_and_leaves_others() -> None:
    document = ConfigDocument(STAGE)
    document.set("osc", {"client_port": 7001, "client_ip": "localhost"})
    assert changes(STAGE, document.dumps()) == [
        "-client_port = 6001 # out",
        "+client_port = 7001 # out",
        '+client_ip = "localhost"',
    ]


def test_the_comments_of_mapping_entries_that_stay_are_kept() -> None:
    entries = [["control_change", 11, 2], PitchBend(3)]
    assert changed(STAGE, 'midi.input."X-TOUCH"', entries) == [
        '-  ["control_change", 11, 1], # left',
        '+  ["pitch_bend", 3],',
    ]


def test_a_changed_entry_keeps_its_line() -> None:
    entries = [["control_change", 11, 9], ["control_change", 11, 2]]
    assert changed(STAGE, 'midi.input."X-TOUCH"', entries) == [
        '-  ["control_change", 11, 1], # left',
        '+  ["control_change", 11, 9], # left',
    ]


def test_a_mapping_for_a_new_port_has_a_line_for_each_entry() -> None:
    assert changed(STAGE, 'midi.output."S-1"', [NoteOn(1), NoteOn(2, 64)]) == [
        '+output."S-1" = [',
        '+  ["note_on", 1],',
        '+  ["note_on", 2, 64],',
        "+]",
    ]


def test_removing_a_key_leaves_the_rest() -> None:
    document = ConfigDocument(STAGE)
    assert document.unset("interaction.threshold") is True
    assert document.unset('midi.output."Volca"') is True
    assert document.unset("interaction.threshold") is False
    assert document.unset("nothing.here") is False
    assert changes(STAGE, document.dumps()) == [
        "-threshold = 0.5",
        '-output."Volca" = [',
        '-  ["note_on", 1], # pitch',
        '-  ["note_velocity", 1],',
        "-]",
    ]


def test_removing_a_section_leaves_the_comment_of_the_next() -> None:
    document = ConfigDocument(STAGE)
    assert document.unset("plugin") is True
    assert document.get("plugin") is None
    assert "# for Pd\n[osc]" in document.dumps()
    assert changes(STAGE, document.dumps())[:2] == [
        "-[plugin] # another program's",
        "-window = { width = 300, height = 200 }",
    ]


def test_reading_values() -> None:
    document = ConfigDocument(STAGE)
    assert document.get("plugin.window.width") == 300
    assert document.get(("midi", "in_device")) == ["X-TOUCH"]
    assert document.get("midi.in_device.deeper", "none") == "none"
    assert document.get("nothing") is None


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("title.deeper", 1, ConfigError),
        ("title", {"deeper": 1}, ConfigError),
        ("osc", 3, ConfigError),
        ("not a key", 3, ConfigError),
        ("", 3, ConfigError),
        ((), 3, ConfigError),
        ("title", "\ud800", ConfigError),
        ("title", None, TypeError),
        ("title", b"bytes", TypeError),
    ],
)
def test_what_cannot_be_done_leaves_the_document_as_it_was(key: Any, value: object, error: type[Exception]) -> None:
    document = ConfigDocument(STAGE)
    with pytest.raises(error):
        document.set(key, value)
    assert document.dumps() == STAGE


def test_what_is_no_toml_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidTomlError):
        ConfigDocument("[a\n")
    with pytest.raises(ConfigError, match="no such file"):
        ConfigDocument.open(tmp_path / "none.toml")


def test_a_config_that_is_wrong_can_be_opened_and_mended() -> None:
    document = ConfigDocument("[model]\ndimension = 1 # too few\n")
    with pytest.raises(InvalidConfigError):
        document.check()
    document.set("model.dimension", 2)
    assert document.check().config.model.dimension == 2


def test_saving_writes_once_and_keeps_the_previous_version(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(STAGE)
    file.chmod(0o640)
    document = ConfigDocument.open(file)
    document.set("interaction.mode", "battle")
    loaded = document.save()
    assert loaded.config.interaction.mode == "battle"
    assert loaded.path == file
    assert file.read_text() == document.dumps()
    assert file.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "config.toml.bak").read_text() == STAGE
    document.save()
    assert (tmp_path / "config.toml.bak").read_text() == STAGE  # nothing new: the previous version is not lost
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "config.toml.bak"]


def test_what_is_wrong_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(STAGE)
    document = ConfigDocument.open(file)
    document.set("interaction.mode", "batle")
    with pytest.raises(InvalidConfigError, match="battle"):
        document.save()
    assert file.read_text() == STAGE
    assert list(tmp_path.iterdir()) == [file]


def test_someone_elses_change_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(STAGE)
    document = ConfigDocument.open(file)
    document.set("interaction.mode", "battle")
    file.write_text(MINIMAL)
    with pytest.raises(ConfigError, match="changed by someone else"):
        document.save()
    assert file.read_text() == MINIMAL


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(STAGE)
    link = tmp_path / "config.toml"
    link.symlink_to("real.toml")
    document = ConfigDocument.open(link)
    document.set("title", "x")
    document.save()
    assert link.is_symlink()
    assert 'title = "x"' in (tmp_path / "real.toml").read_text()


def test_saving_elsewhere_and_from_text(tmp_path: Path) -> None:
    document = ConfigDocument(MINIMAL)
    with pytest.raises(ConfigError, match="name one"):
        document.save()
    document.save(tmp_path / "new.toml")
    assert (tmp_path / "new.toml").read_text() == MINIMAL
    assert (tmp_path / "new.toml").stat().st_mode & 0o600 == 0o600
    assert os.listdir(tmp_path) == ["new.toml"]


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_stay(bom: str) -> None:
    text = bom + STAGE.replace("\n", "\r\n")
    document = ConfigDocument(text)
    assert document.dumps() == text
    document.set("webui.monitor_port", 5001)
    document.set("interaction.mode", "battle")
    assert document.dumps() == bom + (
        STAGE.replace('"callresponse"', '"battle"') + "\n[webui]\nmonitor_port = 5001\n"
    ).replace("\n", "\r\n")


# --- any change to any document does what was asked and nothing else ------------------------------------

_entry = st.sampled_from(list(KINDS.values())).flatmap(
    lambda kind: st.tuples(st.just(kind.name), *(st.integers(a.low, a.high) for a in kind.required)).map(list)
)
_port = st.text(st.characters(codec="utf-8"), max_size=8)
_change = st.one_of(
    st.tuples(st.just(("interaction", "mode")), st.sampled_from(["battle", "useronly"])),
    st.tuples(st.just(("interaction", "threshold")), st.floats(0, 10)),
    st.tuples(st.just(("title",)), st.text(st.characters(codec="utf-8"), max_size=12)),
    st.tuples(st.just(("verbose",)), st.booleans()),
    st.tuples(st.just(("webui", "monitor_port")), st.integers(1, 65535)),
    st.tuples(st.just(("midi", "in_device")), st.lists(_port, max_size=3)),
    st.tuples(st.tuples(st.just("midi"), st.sampled_from(["input", "output"]), _port), st.lists(_entry, max_size=4)),
    st.tuples(st.just(("midi", "input", "X-TOUCH")), st.lists(_entry, max_size=9)),
    st.tuples(st.just(("websocket", "input")), st.lists(_entry, max_size=9)),
    st.tuples(
        st.sampled_from([("osc",), ("midi", "input", "X-TOUCH"), ("interaction", "mode"), ("plugin",)]), st.none()
    ),
)


def comments(text: str) -> list[str]:
    """The comments of a text (of ours: no "#" stands in a string)."""
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def expected(data: Any, path: tuple[str, ...], value: Any) -> Any:
    node = data
    for step in path[:-1]:
        node = node.setdefault(step, {})
    if value is None:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
    return {key: item for key, item in data.items() if item != {} or key != "midi"}


@given(st.sampled_from(texts_in_use()), st.lists(_change, max_size=5))
@FUZZ
@pytest.mark.slow
def test_real_configs_take_any_change(text: str, wanted: list[tuple[tuple[str, ...], Any]]) -> None:
    document = ConfigDocument(text)
    data = tomllib.loads(text)
    for path, value in wanted:
        if value is None:
            document.unset(path)
        else:
            document.set(path, value)
        data = expected(data, path, value)
    assert _without_empty(tomllib.loads(document.dumps())) == _without_empty(data)


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    midi = {key: value for key, value in data.get("midi", {}).items() if value != {}}
    return {**data, "midi": midi}


@given(st.sampled_from(["interaction.mode", "title", "verbose", "model.file"]), st.sampled_from(texts_in_use()))
@FUZZ
@pytest.mark.slow
def test_changing_and_changing_back_gives_the_same_bytes(key: str, text: str) -> None:
    document = ConfigDocument(text)
    old = document.get(key)
    if isinstance(old, bool):
        document.set(key, not old)
        document.set(key, old)
    elif old is not None:
        document.set(key, "something else")
        document.set(key, old)
    assert document.dumps() == text


@given(toml_texts, _change)
@FUZZ
@pytest.mark.slow
def test_any_toml_takes_a_change_or_refuses_it_whole(text: str, change: tuple[tuple[str, ...], Any]) -> None:
    try:
        before = tomllib.loads(text)
        document = ConfigDocument(text)
    except (tomllib.TOMLDecodeError, ConfigError):
        return
    path, value = change
    try:
        if value is None:
            document.unset(path)
        else:
            document.set(path, value)
    except ConfigError:
        assert document.dumps() == text
        return
    after = tomllib.loads(document.dumps())
    if value is not None:
        assert document.get(path) == value
    foreign = [key for key in before if key != path[0]]
    assert [repr(after[key]) for key in foreign] == [repr(before[key]) for key in foreign]
    if len(path) == 1 and value is not None and path[0] not in before:
        assert sorted(comments(text)) == sorted(comments(document.dumps())) or "#" in str(value)
