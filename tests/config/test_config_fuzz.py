"""Whatever a file holds, it loads or is refused with a ConfigError that can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from config_texts import FUZZ, texts_in_use, toml_texts
from hypothesis import example, given
from hypothesis import strategies as st

from impsy.config import (
    Config,
    ControlConfig,
    InvalidConfigError,
    InvalidTomlError,
    hands_of,
    load_config,
    parse_config,
)
from impsy.errors import ConfigError
from impsy.mapping.hands import rest_of


def survives(text: str) -> None:
    try:
        loaded = parse_config(text)
    except ConfigError as error:
        assert isinstance(error, InvalidConfigError | InvalidTomlError)  # noqa: PT017
        assert error.problems  # noqa: PT017
        assert any(problem.level == "error" for problem in error.problems)  # noqa: PT017
        assert "pydantic" not in str(error)  # noqa: PT017
    else:
        assert loaded.config.model.dimension >= 2
        for hand in hands_of(loaded.config):
            assert 0 <= rest_of(hand) <= 1
        for problem in (*loaded.warnings, *loaded.conflicts, *loaded.notes):
            assert problem.text
            assert problem.line is not None


@given(st.binary(max_size=300))
@example(b"\xff\xfe[\x00m\x00]\x00")
@example(b"\x00")
@example(b"\xef\xbb\xbf[model]\r\ndimension = 3\r\n")
@FUZZ
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    file.write_bytes(content)
    try:
        load_config(file)
    except ConfigError as error:
        assert str(file) in str(error)  # noqa: PT017


@given(toml_texts)
@FUZZ
@pytest.mark.slow
def test_any_toml(text: str) -> None:
    survives(text)


def _keys() -> list[str]:
    from impsy.config.problems import section_of

    sections = {name: section_of(Config, name) for name in Config.model_fields}
    keys = [f"{name}.{key}" for name, section in sections.items() if section for key in section.model_fields]
    return [*keys, *sections, 'midi.input."A"', 'midi.thru_matrix."A"', "model.dimension"]


_ODD = """
0 | -1 | 1 | 3 | 1.5 | -0.0 | nan | -inf | 1e400 | true | "" | "x" | [] | {} | [[]] | [{}] | ["a", 1]
65535 | 4002 | 6000 | 1979-05-27 | 07:32:00 | [["note_on", 1]] | [["note_on", 1], ["note_on", 2]]
{ "A" = [["cc", 1]] } | '/dev/a' | "0.0.0.0" | "battle"
"""
_odd = st.sampled_from([*(value for line in _ODD.split("\n") for value in line.split(" | ") if value), "9" * 400])


@given(st.dictionaries(st.sampled_from(_keys()), _odd, max_size=8))
@FUZZ
@pytest.mark.slow
def test_every_key_with_any_kind_of_value(pairs: dict[str, str]) -> None:
    survives(
        "model.dimension = 3\n" * ("model.dimension" not in pairs and "model" not in pairs)
        + "\n".join(f"{k} = {v}" for k, v in pairs.items())
    )


@given(
    st.lists(st.dictionaries(st.sampled_from([*ControlConfig.model_fields, "limit"]), _odd, max_size=4), max_size=4)
)
@example([{"limits": "[0.5, 0.5]", "scale": '"major"'}])
@example([{"limits": "[0, 1e-300]", "gate": "1e-300"}])
@FUZZ
@pytest.mark.slow
def test_every_key_of_controls_with_any_kind_of_value(tables: list[dict[str, str]]) -> None:
    rows = ["[[controls]]\n" + "".join(f"{key} = {value}\n" for key, value in table.items()) for table in tables]
    survives("[model]\ndimension = 3\n" + "".join(rows))


@given(st.sampled_from(texts_in_use()), st.data())
@FUZZ
@pytest.mark.slow
def test_real_configs_with_damage(text: str, data: st.DataObject) -> None:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 6))] = data.draw(
            st.binary(max_size=3)
            | st.sampled_from([b"[", b"]", b'"', b"#", b"\n", b"=", b"-1", b"true", b"9", b".", b"\r\n"])
        )
    survives(content.decode("utf-8", "replace"))


@given(st.integers(0, 3000), st.sampled_from(["[]", "{}", "ta"]))
@FUZZ
@pytest.mark.slow
def test_deep_nesting(depth: int, kind: str) -> None:
    if kind == "[]":
        survives("[model]\ndimension = " + "[" * depth + "]" * depth)
    elif kind == "{}":
        survives("[model]\ndimension = 3\nextra = " + "{a=" * depth + "1" + "}" * depth)
    else:
        survives("[" + ".".join(["midi", "input"] + ["x"] * depth) + "]\n")


@pytest.mark.slow
def test_a_large_file_is_read_in_linear_time(tmp_path: Path) -> None:
    """A hundred thousand lines of another program's keys: seconds would mean that something is quadratic."""
    file = tmp_path / "config.toml"
    file.write_text("[model]\ndimension = 3\n[other]\n" + "".join(f"key{i} = {i} # c\n" for i in range(100_000)))
    assert load_config(file).config.model.dimension == 3
