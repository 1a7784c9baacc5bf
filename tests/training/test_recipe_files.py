"""Recipes in files."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import ConfigError
from impsy.training.recipe import Recipe, load_recipe, write_recipe

RECIPE = Recipe(size="m", batch=16, window=100, learning_rate=0.003, patience=None, seed=7)


def test_a_recipe_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "deep" / "study.json"
    write_recipe(path, RECIPE, {"study": "study"})
    assert load_recipe(path) == RECIPE
    assert json.loads(path.read_text())["study"] == "study"
    assert [each.name for each in path.parent.iterdir()] == ["study.json"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"batch": 2.5}, "batch"),
        ({"batch": True}, "batch"),
        ({"batch": 0}, "batch"),
        ({"size": "huge"}, "huge"),
        ({"clip": float("nan")}, "clip"),
        ({"momentum": "0.9"}, "momentum"),
        ({"window": None}, "window"),
        ({"colour": "red"}, "no recipe"),
    ],
)
def test_what_is_wrong_is_told_with_the_file(tmp_path, changes, word):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"recipe": RECIPE.to_json() | changes}))
    with pytest.raises(ConfigError, match=word) as raised:
        load_recipe(path)
    assert "bad.json" in str(raised.value)


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"recipe": 3}', "[" * 100_000, "\udcff"])
def test_what_is_no_recipe_is_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"bad\.json"):
        load_recipe(path)


def test_no_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.json"):
        load_recipe(tmp_path / "none.json")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(content=ANYTHING, recipe=st.dictionaries(st.sampled_from([*RECIPE.to_json(), "other"]), ANYTHING))
@pytest.mark.slow
def test_only_a_config_error_comes_out(tmp_path_factory, content, recipe):
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    for each in (content, {"recipe": recipe}, {"recipe": RECIPE.to_json() | recipe}):
        path.write_text(json.dumps(each))
        with contextlib.suppress(ConfigError):
            assert load_recipe(path).total_steps > 0
