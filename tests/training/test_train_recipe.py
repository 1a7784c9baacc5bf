"""Recipes: what is chosen for a dataset, what can be chosen, and how it is written down."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.datasets import Dataset
from impsy.errors import ConfigError
from impsy.models.sizes import SIZES
from impsy.training.recipe import ARCHITECTURES, CONTINUED, HEADS, Recipe, recipe_for


def of(events: int) -> Dataset:
    """So many events, whatever they are."""
    return Dataset(2, np.zeros((events, 2), np.float32), np.array([events], np.int64), ("",))


# -------------------------------------------------------------------------------------------- rules


def test_the_schedule_grows_with_the_data_within_bounds() -> None:
    totals = [recipe_for(of(events)).total_steps for events in (0, 12_000, 50_000, 95_000, 10**7)]
    assert totals == [1000, 1000, 1000, 1000, 2000]


def test_less_is_dropped_the_more_there_is_to_learn_from() -> None:
    shares = [recipe_for(of(events)).dropout for events in (0, 12_000, 100_000, 400_000, 10_000_000)]
    assert shares == pytest.approx([0.3, 0.3, 0.3, 0.15, 0.03])


def test_wide_networks_learn_more_slowly() -> None:
    rates = {size: recipe_for(of(1000), size=size).learning_rate for size in SIZES}
    assert rates["xxs"] == rates["xs"] == rates["s"]
    for narrow, wide in (("s", "m"), ("m", "l"), ("l", "xl")):
        assert rates[wide] == pytest.approx(rates[narrow] / math.sqrt(2))


def test_the_released_network_is_trained_as_released() -> None:
    recipe = recipe_for(of(12_000), size="m", architecture="plain", batch=64)
    assert (recipe.learning_rate, recipe.momentum, recipe.dropout) == (0.001, 0.999, 0)
    assert (recipe.architecture, recipe.size, recipe.batch) == ("plain", "m", 64)


@given(st.integers(0, 10**7), st.sampled_from(list(SIZES)), st.sampled_from(ARCHITECTURES))
def test_there_is_a_recipe_for_everything(events, size, architecture) -> None:
    class OfLength:
        def __len__(self) -> int:
            return events

    recipe = recipe_for(OfLength(), size=size, architecture=architecture)
    assert (recipe.size, recipe.architecture) == (size, architecture)
    assert recipe.total_steps == recipe.epochs * recipe.steps


def test_an_unknown_size_names_the_option() -> None:
    with pytest.raises(ConfigError, match=r"--modelsize is one of xxs, .* not 'xxl'"):
        recipe_for(of(10), size="xxl")


# -------------------------------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"architecture": "transformer"}, "--architecture"),
        ({"size": "huge"}, "--modelsize"),
        ({"batch": 0}, "batch"),
        ({"window": 1}, "window"),
        ({"epochs": 0}, "epochs"),
        ({"steps": 0}, "steps"),
        ({"warmup": -1}, "warmup"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"patience": 0}, "--patience"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": 1.0}, "learning_rate"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": math.nan}, "dropout"),
        ({"clip": 0.0}, "clip"),
        ({"clip": math.nan}, "clip"),
        ({"momentum": 1.0}, "momentum"),
        ({"momentum": -0.1}, "momentum"),
        ({"head": "tail"}, "head of a recipe"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_by_name(change, says) -> None:
    with pytest.raises(ConfigError, match=says):
        Recipe(**change)
    with pytest.raises(ConfigError, match=says):
        Recipe().with_changes(**change)


def test_none_changes_nothing() -> None:
    recipe = Recipe(seed=3, patience=4)
    assert recipe.with_changes(size=None, patience=None, epochs=7) == Recipe(seed=3, patience=4, epochs=7)


# -------------------------------------------------------------------------------------------- rate


def test_the_rate_rises_and_then_falls_along_a_cosine() -> None:
    recipe = Recipe(learning_rate=0.01, warmup=50, epochs=10, steps=40)
    rates = [recipe.rate(step) for step in range(401)]
    assert rates[0] == pytest.approx(0.01 / 50, rel=1e-3)
    assert rates[24] == pytest.approx(0.01 * 25 / 50, rel=0.02)
    top = rates.index(max(rates))
    assert 45 <= top <= 50
    assert 0.009 < rates[top] <= 0.01
    assert rates[:top] == sorted(rates[:top])
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert rates[200] == pytest.approx(0.01 * (0.01 + 0.99 / 2))
    assert rates[400] == pytest.approx(0.01 / 100)
    assert recipe.rate(1000) == pytest.approx(0.01 / 100)


def test_the_rate_of_another_schedule() -> None:
    recipe = Recipe(learning_rate=0.01, warmup=0)
    assert recipe.rate(0) == recipe.rate(0, 10) == 0.01
    assert recipe.rate(10, 10) == pytest.approx(0.0001)
    assert recipe.rate(5, 10) == pytest.approx(recipe.rate(50, 100))
    assert 0 < recipe.rate(0, 0) <= 0.01


# -------------------------------------------------------------------------------------------- JSON

RECIPES = st.builds(
    Recipe,
    architecture=st.sampled_from(CONTINUED),
    head=st.sampled_from(HEADS),
    size=st.sampled_from(list(SIZES)),
    batch=st.integers(1, 10**6),
    window=st.integers(2, 10**6),
    epochs=st.integers(1, 10**6),
    steps=st.integers(1, 10**6),
    patience=st.none() | st.integers(1, 10**6),
    learning_rate=st.floats(1e-9, 1, exclude_max=True),
    warmup=st.integers(0, 10**6),
    clip=st.floats(1e-6, 1e6),
    momentum=st.floats(0, 1, exclude_max=True),
    dropout=st.floats(0, 1, exclude_max=True),
    seed=st.integers(0, 2**31 - 1),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(RECIPES)
def test_a_recipe_is_the_same_after_json(recipe) -> None:
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_what_is_not_said_is_as_usual() -> None:
    assert Recipe.from_json({"size": "m"}) == Recipe(size="m")


@given(JSON.filter(lambda content: content != {}))
def test_foreign_json_is_no_recipe(content) -> None:
    with pytest.raises(ConfigError):
        Recipe.from_json(content)


@given(st.sampled_from(sorted(Recipe().to_json())), JSON)
def test_a_recipe_in_which_one_entry_is_something_else(name, value) -> None:
    content = Recipe().to_json() | {name: value}
    kinds = {int: int, float: (int, float), str: str}  # by the type of what is usual
    try:
        read = Recipe.from_json(content)
    except ConfigError:
        return
    usual = getattr(Recipe(), name)
    assert getattr(read, name) == value
    assert isinstance(value, kinds[type(usual)]) or (name == "patience" and value is None)
    assert not isinstance(value, bool)


def test_a_recipe_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="this version"):
        Recipe.from_json(Recipe().to_json() | {"attention": True})
