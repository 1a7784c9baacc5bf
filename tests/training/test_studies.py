"""A search that several workers share: every trial is done, once, whoever is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import ConfigError, DeviceError
from impsy.training.search.storages import embedded
from impsy.training.search.studies import MOST_LOST, Attempt, SharedStudy, stand


@pytest.fixture
def url(tmp_path):
    return embedded(tmp_path / "study.db")


def opened(url, lost_after=60.0, **more) -> SharedStudy:
    return SharedStudy(url, "study", lost_after=lost_after, **more)


def states(shared) -> Counter[str]:
    return Counter("surplus" if attempt.surplus else attempt.state for attempt in shared.attempts())


def gone(shared) -> list[int]:
    """The places of those who are gone, by looking twice."""
    shared.take_over()
    time.sleep(0.25)
    return shared.take_over()


# -------------------------------------------------------------------------- how the places stand

ATTEMPTS = st.lists(
    st.builds(
        Attempt,
        number=st.integers(0, 30),
        state=st.sampled_from(["waiting", "running", "complete", "pruned", "fail"]),
        place=st.integers(0, 5),
        surplus=st.booleans(),
        failed=st.sampled_from(["", "too large"]),
    )
)


@given(ATTEMPTS)
def test_every_place_stands_in_one_way(attempts):
    standing = stand(attempts)
    assert standing.places == sorted({attempt.place for attempt in attempts if not attempt.surplus})
    assert len(set(standing.places)) == len(standing.places)
    for place in standing.owed:
        assert all(a.state == "fail" and not a.failed for a in attempts if a.place == place and not a.surplus)
    for place in standing.done:
        assert any(a.done for a in attempts if a.place == place)


def test_a_place_is_done_whatever_else_was_tried_in_it():
    tried = [Attempt(0, "fail", 0), Attempt(3, "complete", 0), Attempt(4, "waiting", 0), Attempt(1, "fail", 1)]
    assert stand(tried) == ((0,), (), (), (1,))


# -------------------------------------------------------------------------- one storage


@pytest.mark.slow
def test_trials_are_taken_until_the_agreed_number(url):
    one, other = opened(url), opened(url)
    leases = [one.take(3), other.take(3), one.take(3)]
    assert [lease.place for lease in leases] == [0, 1, 2]
    assert other.take(3) is None
    assert one.finish(leases[0], value=1.5)
    assert one.finish(leases[1])
    assert other.finish(leases[2], failed="too large")
    assert one.take(3) is None
    assert stand(other.attempts()).done == (0, 1, 2)
    assert [(a.state, a.value, a.failed) for a in other.attempts()] == [
        ("complete", 1.5, ""),
        ("pruned", None, ""),
        ("fail", None, "too large"),
    ]
    assert one.take(4).place == 3


@pytest.mark.slow
def test_a_trial_that_was_given_back_goes_on_with_its_parameters(url):
    shared = opened(url)
    lease = shared.take(2)
    sampler = lambda: optuna.samplers.RandomSampler(seed=1)  # noqa: E731
    begun = lease.suggest(sampler, {"b": 3.0}, lambda trial: [trial.suggest_float(name, 0, 9) for name in "ab"])
    assert begun["b"] == 3.0
    shared.give_back(lease)
    other = opened(url)
    again = other.take(2)
    assert (again.place, again.number, dict(again.params)) == (0, 1, begun)
    sampler = lambda: optuna.samplers.RandomSampler(seed=2)  # noqa: E731
    whole = again.suggest(sampler, {}, lambda trial: [trial.suggest_float(name, 0, 9) for name in "abc"])
    assert {name: whole[name] for name in "ab"} == begun
    assert other.finish(again, value=0.5)
    assert not shared.finish(lease, value=0.1), "whoever gave it back has no say any more"
    assert [a.value for a in shared.attempts()] == [None, 0.5]


@pytest.mark.slow
def test_the_trial_of_a_worker_that_is_gone_is_done_by_another(url):
    dead, other = opened(url), opened(url, lost_after=0.2)
    lost = dead.take(1)
    assert other.take(1) is None
    assert gone(other) == [0]
    again = other.take(1)
    assert again.place == 0
    assert other.finish(again, value=2.0)
    assert not dead.finish(lost, value=1.0)
    assert [(a.state, a.value) for a in other.attempts()] == [("fail", None), ("complete", 2.0)]


@pytest.mark.slow
def test_a_worker_that_beats_keeps_its_trial_and_one_that_is_taken_over_learns_of_it(url):
    one, other = opened(url, lost_after=0.3), opened(url, lost_after=0.3)
    with one.take(1) as lease:
        for _ in range(8):
            assert other.take_over() == []
            time.sleep(0.1)
        assert not lease.lost
        other.study.tell(lease.number, state=optuna.trial.TrialState.FAIL)
        for _ in range(50):
            if lease.lost:
                break
            time.sleep(0.05)
        assert lease.lost
        assert lease.report(1.0, 1), "not worth going on"


@pytest.mark.slow
def test_only_one_takes_over(url):
    dead, workers = opened(url), [opened(url, lost_after=0.2) for _ in range(3)]
    dead.take(1)
    for worker in workers:
        worker.take_over()
    time.sleep(0.25)
    assert [worker.take_over() for worker in workers] == [[0], [], []]
    assert states(dead) == {"fail": 1, "waiting": 1}


@pytest.mark.slow
def test_a_worker_killed_between_ending_a_trial_and_putting_it_back_costs_nothing(url):
    dead, other = opened(url), opened(url, lost_after=0.2)
    lease = dead.take(1)
    dead.study.tell(lease.number, state=optuna.trial.TrialState.FAIL)
    assert stand(other.attempts()).owed == (0,)
    assert gone(other) == [0]
    assert other.take(1).place == 0


@pytest.mark.slow
def test_a_trial_that_brings_down_every_worker_is_not_tried_for_ever(url):
    shared = opened(url, lost_after=0.2)
    for tries in range(1, MOST_LOST + 1):
        assert shared.take(1).place == 0
        assert gone(shared) == [0]
        assert len(stand(shared.attempts()).done) == (tries == MOST_LOST)
    assert shared.take(1) is None
    assert "lost" in shared.attempts()[-1].failed


@pytest.mark.slow
def test_of_two_that_begin_the_last_at_once_one_does_it(url, monkeypatch):
    one, other = opened(url), opened(url)
    ask, begun = other.study.ask, []

    def ask_second():
        begun.append(one.study.ask())
        return ask()

    monkeypatch.setattr(other.study, "ask", ask_second)
    assert other.take(1) is None
    (ahead,) = begun
    assert states(one) == {"running": 1, "surplus": 1}
    assert stand(one.attempts()).running == (ahead.number,)


@pytest.mark.slow
def test_the_first_settings_hold(url):
    assert opened(url).settings is None
    assert opened(url).agree({"epochs": 3}) == {"epochs": 3}
    assert opened(url).agree({"epochs": 4}) == {"epochs": 3}
    assert opened(url, make=False).settings == {"epochs": 3}


# -------------------------------------------------------------------------- what cannot be used


def test_an_address_that_is_none(url):
    with pytest.raises(ConfigError, match="--storage") as malformed:
        opened("postgresql//me:secret@host/name")
    assert "secret" not in str(malformed.value)
    with pytest.raises(ConfigError, match="--storage"):
        opened("nonsense")
    with pytest.raises(ConfigError, match="not installed"):
        opened("postgresql+nosuchdriver://me:secret@host/name")


def test_no_password_is_told():
    with pytest.raises(ConfigError) as raised:
        opened("postgresql+nosuchdriver://me:secret@host/name")
    assert "secret" not in str(raised.value)
    assert "host" in str(raised.value)


def test_without_optuna_the_extra_is_named(url, monkeypatch):
    monkeypatch.setattr("impsy.training.search.storages.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"impsy\[search\]"):
        opened(url)


def test_no_such_study(url):
    with pytest.raises(ConfigError, match="no search named"):
        opened(url, make=False)


def test_a_file_that_is_no_storage(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("these are notes, and no database at all " * 100)
    with pytest.raises(DeviceError, match=r"notes\.db"):
        opened(embedded(path))
    assert path.read_text().startswith("these are notes")


def test_a_folder_whose_name_is_strange(tmp_path):
    folder = tmp_path / "50% {a} ?b#"
    folder.mkdir()
    opened(embedded(folder / "study.db"))
    assert [path.name for path in folder.iterdir()] == ["study.db"]


# -------------------------------------------------------------------------- real processes

WORKER = """
import sys, time
from impsy.training.search.studies import stand
from impsy.training.search.studies import SharedStudy
url, total, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
shared = SharedStudy(url, "study", lost_after=1.5)
print("ready", flush=True)
while len(stand(shared.attempts()).done) < total:
    shared.take_over()
    lease = shared.take(total)
    if lease is None:
        time.sleep(0.05)
        continue
    print("began", lease.place, flush=True)
    with lease:
        time.sleep(seconds)
        shared.finish(lease, value=float(lease.place))
"""


def start(url, total, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(total), str(seconds)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_workers_that_start_at_once_do_exactly_the_agreed_number(url):
    workers = [start(url, 20, 0.02) for _ in range(3)]
    try:
        told = [worker.communicate(timeout=120)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    places = sorted(int(line.split()[1]) for text in told for line in text.splitlines() if line.startswith("began"))
    shared = opened(url)
    done = [attempt for attempt in shared.attempts() if attempt.state == "complete"]
    assert len(done) == 20
    assert sorted(attempt.place for attempt in done) == places, "each was begun once"


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(url, tmp_path):
    victim, other = start(url, 6, 0.4), start(url, 6, 0.4)
    try:
        for line in victim.stdout:
            if line.startswith("began"):
                break
        os.kill(victim.pid, signal.SIGKILL)
        assert other.wait(timeout=120) == 0
    finally:
        for worker in (victim, other):
            worker.kill()
            worker.communicate()
    shared = opened(url)
    attempts = shared.attempts()
    complete = [attempt for attempt in attempts if attempt.state == "complete"]
    assert len({attempt.place for attempt in complete}) == len(complete) == 6
    assert sum(attempt.state == "fail" and not attempt.surplus for attempt in attempts) == 1
    with sqlite3.connect(tmp_path / "study.db") as file:
        assert file.execute("pragma integrity_check").fetchall() == [("ok",)]
    file.close()
