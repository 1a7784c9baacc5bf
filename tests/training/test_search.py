"""``impsy search``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import optuna
import pytest
from made_data import knobs

from impsy.data.datasets import Dataset, write_dataset
from impsy.data.windows import split_windows
from impsy.errors import ConfigError, DataError
from impsy.training.recipe import load_recipe, recipe_for
from impsy.training.search.running import SearchPlan, found_so_far, search, searched_part
from impsy.training.search.space import TABLE, Choice, Space, defaults_for, recipe_from, space_for
from impsy.training.search.storages import embedded
from impsy.training.search.studies import SharedStudy
from waiting import wait_until

DATA = knobs(3, 700, seed=1)


@pytest.fixture
def dataset(tmp_path):
    path = tmp_path / "datasets" / "knobs.npz"
    path.parent.mkdir()
    write_dataset(path, DATA)
    return path


@pytest.fixture
def plan(tmp_path, dataset):
    def plan(**changes) -> SearchPlan:
        return SearchPlan(dataset, tmp_path / "searches", "knobs", **changes)

    return plan


class Silent:
    """Listens, and says nothing."""

    def began(self, *_):
        pass

    trial = progress = result = waiting = note = began


def begin(plan):
    """A worker that agrees on the search, and is stopped before its first trial."""
    return search(plan, Silent(), stop=lambda: True)


def impsy(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "impsy", "search", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "120"},
        check=False,
    )


# -------------------------------------------------------------------------- what is searched


def test_what_train_would_do_lies_in_the_space_of_every_size():
    space = space_for(DATA, ("xxs", "s", "xl"))
    study = optuna.create_study()
    for size in ("xxs", "s", "xl"):
        study.enqueue_trial(defaults_for(DATA, size, space))
        trial = study.ask()
        space.suggest(trial)
        recipe = recipe_from(DATA, trial.params, seed=3)
        assert recipe == recipe_for(DATA, size=size).with_changes(seed=3)


@pytest.mark.slow
def test_every_trial_hears_the_same_number_of_events_in_an_epoch():
    long = Dataset.of(3, [knobs(3, 6000, seed=1).events] * 60)
    space = space_for(long, ("s",))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        space.suggest(trial)
        recipe = recipe_from(long, trial.params)
        usual = recipe_for(long, size=recipe.size)
        heard, expected = (each.steps * each.batch * each.window for each in (recipe, usual))
        assert heard == pytest.approx(expected, rel=0.05)


def test_a_space_comes_back_from_the_study():
    space = space_for(DATA, ("s", "m"), keep=("batch", "clip"))
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert set(space.parts) == {"size", *TABLE} - {"batch", "clip"}
    for content in (None, 3, {"a": 1}, {"a": {"low": 1}}):
        with pytest.raises(ConfigError):
            Space.from_json(content)


def test_no_window_is_longer_than_any_performance():
    short = Dataset.of(3, [DATA.events[:90], DATA.events[90:180]])
    assert space_for(short, ("s",)).parts["window"] == Choice((25, 50))


def test_the_held_out_part_of_the_dataset_is_never_heard():
    split = split_windows(DATA)
    part, inner = searched_part(DATA, "windows")
    untouched = {row.tobytes() for piece in split.held_out_performances for row in DATA.events[piece]}
    assert not untouched & {row.tobytes() for row in part.events}
    assert len(part) == sum(each.stop - each.start for each in split.train)
    assert len(inner.held_out)


# -------------------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"trials": 0}, "--trials"),
        ({"minutes": 0.0}, "--minutes"),
        ({"trial_minutes": float("nan")}, "--trial-minutes"),
        ({"lost_after": -1.0}, "--lost-after"),
        ({"epochs": 3, "trial_minutes": 1.0}, "--epochs"),
        ({"split": "halves"}, "--split"),
    ],
)
def test_impossible_wishes(plan, changes, word):
    with pytest.raises(ConfigError, match=word):
        plan(**changes)


@pytest.mark.parametrize("changes", [{"sizes": ("huge",)}, {"keep": ("colour",)}])
@pytest.mark.slow
def test_unknown_names(plan, changes):
    with pytest.raises(ConfigError, match=r"huge|colour"):
        begin(plan(**changes))


@pytest.mark.parametrize("name", ["", "../up", "a b", "x" * 101])
def test_a_name_that_is_no_file_s(tmp_path, dataset, name):
    with pytest.raises(ConfigError, match="--study"):
        SearchPlan(dataset, tmp_path, name)


@pytest.mark.slow
def test_who_comes_later_takes_part_in_what_was_begun(plan):
    begin(plan(sizes=("xxs",), epochs=2))
    begin(plan())
    for changes in ({"sizes": ("s",)}, {"epochs": 3}, {"seed": 9}, {"keep": ("clip",)}, {"trial_minutes": 1.0}):
        with pytest.raises(ConfigError, match="was started with"):
            begin(plan(**changes))


@pytest.mark.slow
def test_another_dataset_under_the_same_name_is_refused(plan, dataset):
    begin(plan())
    write_dataset(dataset, knobs(3, 800, seed=2))
    with pytest.raises(DataError, match="another dataset"):
        begin(plan())


def test_too_little_to_hold_out_twice(plan, dataset):
    write_dataset(dataset, Dataset.of(3, [DATA.events[:150]]))
    with pytest.raises(DataError, match="a search holds out"):
        begin(plan())


# -------------------------------------------------------------------------- the command


@pytest.mark.slow
def test_show_tells_the_best_first(tmp_path, dataset):
    (tmp_path / "searches").mkdir()
    shared = SharedStudy(embedded(tmp_path / "searches" / "knobs.db"), "knobs")
    for value in (-1.0, -3.0, None, -2.0):
        lease = shared.take(9)
        lease.suggest(optuna.samplers.RandomSampler, {}, space_for(DATA, ("s",)).suggest)
        shared.finish(lease, value=value)
    found = found_so_far(tmp_path / "searches", "knobs")
    assert [(row.value, row.outcome) for row in found.rows] == [
        (-3.0, "complete"),
        (-2.0, "complete"),
        (-1.0, "complete"),
        (None, "pruned"),
    ]
    assert found.best.number == 1
    for arguments in (("--show",), ("--show", "--study", "knobs")):
        done = impsy(tmp_path, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        numbers = re.findall(r"^ +(\d) +(\S+)", done.stdout, re.MULTILINE)
        assert numbers == [("1", "-3.000"), ("3", "-2.000"), ("0", "-1.000"), ("2", "pruned")]


@pytest.mark.slow
def test_show_without_a_search(tmp_path, dataset):
    done = impsy(tmp_path, "--show")
    assert done.returncode == 1
    assert "no search named 'knobs'" in done.stderr
    assert not (tmp_path / "searches").exists()


@pytest.mark.slow
def test_help_has_examples_and_loads_nothing_heavy(tmp_path):
    done = impsy(tmp_path, "--help")
    assert "--recipe searches/training-dataset-9d.json" in done.stdout
    code = (
        "import sys, impsy.cli.search, impsy.training.search.running\n"
        "print([name for name in ('optuna', 'keras', 'jax', 'sqlalchemy') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "[]\n"


# -------------------------------------------------------------------------- real workers

FEW = ("-M", "xxs", "-N", "2", "--keep", "batch", "--keep", "window", "--keep", "dropout", "--keep", "momentum",
       "--keep", "clip")  # fmt: skip
"""Only the learning rate is searched, so that all trials share one compiled step."""


def worker(folder, *more):
    return subprocess.Popen(
        [sys.executable, "-m", "impsy", "search", *FEW, "--lost-after", "4", *map(str, more)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "160"},
    )


def running(folder) -> dict[int, int]:
    """Trials under way, by number, with their beats."""
    if not (folder / "searches" / "knobs.db").exists():
        return {}
    shared = SharedStudy(embedded(folder / "searches" / "knobs.db"), "knobs")
    return {each.number: each.beat for each in shared.attempts() if each.state == "running" and each.params}


@pytest.mark.slow
def test_two_workers_share_the_trials_and_none_is_lost_when_one_is_killed(tmp_path, dataset):
    victim = worker(tmp_path, "--trials", 5)
    others = []
    try:
        (lost,) = wait_until(lambda: running(tmp_path))
        others.append(worker(tmp_path, "--trials", 5))
        wait_until(lambda: set(running(tmp_path)) - {lost})
        under_way = sorted(running(tmp_path))
        os.kill(victim.pid, signal.SIGKILL)
        told = others[0].communicate(timeout=580)[0]
    finally:
        for each in (victim, *others):
            each.kill()
            each.communicate()
    assert others[0].returncode == 0, told
    shared = SharedStudy(embedded(tmp_path / "searches" / "knobs.db"), "knobs")
    attempts = shared.attempts()
    complete = [each for each in attempts if each.state == "complete"]
    assert len({each.place for each in complete}) == len(complete) == 5
    killed = next(each for each in attempts if each.state == "fail")
    assert killed.number in under_way
    again = next(each for each in complete if each.place == killed.place)
    assert dict(again.params) == dict(killed.params)
    assert f"the worker of trial {killed.place} is lost" in told
    default = next(each for each in complete if each.place == 0)
    assert default.params["learning_rate"] == recipe_for(DATA, size="xxs").learning_rate

    best = min(complete, key=lambda each: each.value)
    recipe = load_recipe(tmp_path / "searches" / "knobs.json")
    assert (recipe.size, recipe.learning_rate) == ("xxs", best.params["learning_rate"])
    assert sorted(path.name for path in (tmp_path / "searches").iterdir()) == ["knobs.db", "knobs.json"]


@pytest.mark.slow
def test_ctrl_c_gives_the_trial_back_and_the_same_command_goes_on(tmp_path, dataset):
    first = worker(tmp_path, "--trials", 2)
    try:
        (begun,) = wait_until(lambda: running(tmp_path))
        time.sleep(1)
        first.send_signal(signal.SIGINT)
        told = first.communicate(timeout=300)[0]
    finally:
        first.kill()
        first.communicate()
    assert first.returncode == 0, told
    assert "given back" in told
    second = worker(tmp_path, "--trials", 2)
    told = second.communicate(timeout=500)[0]
    assert second.returncode == 0, told
    assert "2/2" in told
    attempts = SharedStudy(embedded(tmp_path / "searches" / "knobs.db"), "knobs").attempts()
    assert attempts[begun].returned
    complete = [each for each in attempts if each.state == "complete"]
    assert len(complete) == 2
    assert dict(complete[0].params) == dict(attempts[begun].params)
