"""One search that several workers share: its storage, and which worker does which trial.

Optuna keeps the trials; this module makes sure that each is done once and none is lost. A *place* is one of the
agreed number of trials. A worker that starts a new trial takes the place of the trial's number, which the storage
gives out only once. A trial whose worker is lost (its heartbeat has stopped), or that was given back, is ended, and
its place waits again with the same parameters. All of this is read from the trials, so that a worker may be killed
between any two writes.

Optuna's own heartbeat does less: a worker that is killed before its first heartbeat, or between ending another's
trial and putting it back, loses that trial, and a worker that was taken for lost is not informed
(docs/decisions/0012-folders.md).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from impsy.errors import ConfigError, DeviceError
from impsy.threads import lasting
from impsy.training.search.storages import LOCKED, need_optuna, opened, without_password

__all__ = ["Attempt", "Lease", "SharedStudy", "Standing", "stand"]

logger = logging.getLogger(__name__)

BEATS_BEFORE_LOST = 6
"""Heartbeats of a worker in the time after which it counts as lost."""
MOST_LOST = 3
"""Workers lost in one place before it counts as failed: a trial that needs too much memory would end them all."""

_BEAT, _PLACE, _SURPLUS, _FAILED, _SECONDS, _RETURNED = "beat", "place", "surplus", "failed", "seconds", "returned"
_SETTINGS = "search"


@dataclass(frozen=True)
class Attempt:
    """One trial of the study. ``state`` is Optuna's: waiting, running, complete, pruned or fail.

    place: number of the trial that took this one's place first.
    surplus: started by two workers at once where one place was left; not done.
    failed: why it cannot be done, however often it is tried; "" otherwise.
    returned: its worker gave it back, and nothing is wrong with it.
    beat: counts the heartbeats of its worker.
    """

    number: int
    state: str
    place: int
    surplus: bool = False
    failed: str = ""
    returned: bool = False
    beat: int = 0
    value: float | None = None
    seconds: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, trial: Any) -> Attempt:
        """A trial of Optuna's."""
        attrs = trial.user_attrs
        return cls(
            number=trial.number,
            state=trial.state.name.lower(),
            place=attrs.get(_PLACE, trial.number),
            surplus=bool(attrs.get(_SURPLUS)),
            failed=attrs.get(_FAILED, ""),
            returned=bool(attrs.get(_RETURNED)),
            beat=attrs.get(_BEAT, 0),
            value=trial.value if trial.state.name == "COMPLETE" else None,
            seconds=attrs.get(_SECONDS),
            params=trial.params,
        )

    @property
    def outcome(self) -> str:
        """``state``, or failed."""
        return "failed" if self.failed else self.state

    @property
    def done(self) -> bool:
        """Whether its place needs no other trial."""
        return self.state in ("complete", "pruned") or (self.state == "fail" and bool(self.failed))


class Standing(NamedTuple):
    """Places by state, ascending. ``owed``: started, not done, and no worker has it."""

    done: tuple[int, ...]
    running: tuple[int, ...]
    waiting: tuple[int, ...]
    owed: tuple[int, ...]

    @property
    def places(self) -> list[int]:
        """All of them, ascending."""
        return sorted(place for places in self for place in places)


def stand(attempts: Iterable[Attempt]) -> Standing:
    """The state of each place that has any of ``attempts``: that of its furthest."""
    states: dict[int, set[str]] = {}
    for each in attempts:
        if not each.surplus:
            states.setdefault(each.place, set()).add("done" if each.done else each.state)
    places: dict[str, list[int]] = {name: [] for name in Standing._fields}
    for place in sorted(states):
        places[next((name for name in ("done", "running", "waiting") if name in states[place]), "owed")].append(place)
    return Standing(*map(tuple, places.values()))


class SharedStudy:
    """An Optuna study (minimised) as one of its workers sees it.

    Args:
        url: any storage URL of Optuna: sqlite, postgresql, mysql.
        name: of the study.
        lost_after: seconds without a heartbeat after which a running trial's worker counts as lost.
        make: make the study if the storage has none of this name.

    Raises:
        ConfigError: Optuna or the database's driver is not installed, the URL is none, or there is no such study.
        DeviceError: the storage cannot be used.
    """

    def __init__(self, url: str, name: str, *, lost_after: float = 60.0, make: bool = True) -> None:
        need_optuna()
        import optuna

        self._shown = without_password(url)
        self._lost_after = lost_after
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}
        with self.storage_errors():
            storage = opened(url, self._shown)
            pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=4)
            quiet = optuna.samplers.RandomSampler()  # replaced as soon as a trial's place is known
            try:
                if make:
                    self.study = optuna.create_study(
                        storage=storage, study_name=name, sampler=quiet, pruner=pruner, load_if_exists=True
                    )
                else:
                    self.study = optuna.load_study(storage=storage, study_name=name, sampler=quiet, pruner=pruner)
            except KeyError as error:
                raise ConfigError(
                    f"{self._shown} holds no search named {name!r}; start one with `impsy search`"
                ) from error

    def agree(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of the worker that started the search; ``settings`` if this one does."""
        if self.settings is None:
            with self.storage_errors():
                self.study.set_user_attr(_SETTINGS, dict(settings))
        return self.settings or {}

    @property
    def settings(self) -> dict[str, Any] | None:
        """What was agreed on; None if nothing yet."""
        with self.storage_errors():
            known = self.study.user_attrs.get(_SETTINGS)
        return None if known is None else dict(known)

    def attempts(self) -> list[Attempt]:
        """All trials, by number."""
        with self.storage_errors():
            trials = self.study.get_trials(deepcopy=False)
        return [Attempt.of(trial) for trial in trials]

    # ------------------------------------------------------------------ taking and giving back

    def take(self, total: int) -> Lease | None:
        """A trial for this worker to do; None if ``total`` places are done or running."""
        attempts = self.attempts()
        standing = stand(attempts)
        if not standing.waiting and len(standing.places) >= total:
            return None
        with self.storage_errors():
            trial = self.study.ask()
            number = trial.number
        attempts = self.attempts()
        mine = next(attempt for attempt in attempts if attempt.number == number)
        others = [other for other in attempts if other.place == mine.place and other.number != number]
        rank = stand(attempts).places.index(mine.place)
        # A place that was started before is finished, whatever the total is now.
        too_many = mine.place == number and rank >= total
        if too_many or any(o.done or (o.state == "running" and o.number < number) for o in others):
            self._drop(trial)
            return None
        params = next((dict(a.params) for a in reversed(attempts) if a.place == mine.place and a.params), {})
        return Lease(self, trial, mine.place, params, self._lost_after / BEATS_BEFORE_LOST)

    def take_over(self) -> list[int]:
        """Put trials whose worker is lost back into the queue; returns their places.

        A heartbeat has stopped if two calls, ``lost_after`` apart, see the same: clocks need not agree.
        """
        attempts = self.attempts()
        standing = stand(attempts)
        freed = []
        for attempt in attempts:
            unchanged = attempt.state == "running" and self._unchanged("trial", attempt.number, attempt.beat)
            # The storage lets only one worker end a trial: that one puts it back.
            if unchanged and self._end(attempt.number) and not attempt.surplus and attempt.place in standing.running:
                freed.append(attempt.place)
        # A worker may be killed between ending a trial and putting it back.
        freed += [place for place in standing.owed if self._unchanged("place", place, 0)]
        for place in freed:
            gone = [a for a in attempts if a.place == place and not (a.surplus or a.returned or a.state == "waiting")]
            self._put_back(place, failed=f"{len(gone)} workers were lost in it" if len(gone) >= MOST_LOST else "")
        return freed

    def give_back(self, lease: Lease) -> None:
        """Put a trial that was started back into the queue, for the next worker."""
        with self.storage_errors(), contextlib.suppress(*_already_ended()):
            lease.trial.set_user_attr(_RETURNED, True)
        if self._end(lease.number):
            self._put_back(lease.place)

    def finish(self, lease: Lease, *, value: float | None = None, failed: str = "") -> bool:
        """End a trial: complete with a ``value``, failed for a reason, or else pruned.

        False if another worker has taken it over, so that this result does not count.
        """
        from optuna.trial import TrialState

        state = TrialState.COMPLETE if value is not None else TrialState.FAIL if failed else TrialState.PRUNED
        with self.storage_errors():
            try:
                lease.trial.set_user_attr(_SECONDS, round(lease.seconds, 1))
                if failed:
                    lease.trial.set_user_attr(_FAILED, failed)
                self.study.tell(lease.trial, value, state=state)
            except _already_ended():
                return False
        return True

    def importance(self) -> dict[str, float]:
        """How much each parameter matters (PED-ANOVA: Watanabe, Bansal & Hutter, 2023), shares of 1, descending.

        Empty while fewer than ten trials are complete.
        """
        import optuna

        if sum(attempt.state == "complete" for attempt in self.attempts()) < 10:
            return {}
        with self.storage_errors(), _quiet():
            evaluator = optuna.importance.PedAnovaImportanceEvaluator()
            return dict(optuna.importance.get_param_importances(self.study, evaluator=evaluator))

    def _drop(self, trial: Any) -> None:
        with self.storage_errors(), contextlib.suppress(*_already_ended()):
            trial.set_user_attr(_SURPLUS, True)
        self._end(trial.number)

    def _end(self, number: int) -> bool:
        """Mark a running trial as not done; False if another worker was first."""
        from optuna.trial import TrialState

        with self.storage_errors():
            try:
                self.study.tell(number, state=TrialState.FAIL)
            except _already_ended():
                return False
        return True

    def _put_back(self, place: int, failed: str = "") -> None:
        """Put the place back into the queue; or end it, if it ``failed``."""
        from optuna.trial import TrialState, create_trial

        attrs = {_PLACE: place, **({_FAILED: failed} if failed else {})}
        state = TrialState.FAIL if failed else TrialState.WAITING
        with self.storage_errors():
            self.study.add_trial(create_trial(state=state, user_attrs=attrs))

    def _unchanged(self, kind: str, number: int, beat: int) -> bool:
        now = time.monotonic()
        before = self._seen.get((kind, number))
        if before is None or before[0] != beat:
            self._seen[kind, number] = (beat, now)
            return False
        return now - before[1] > self._lost_after

    @contextlib.contextmanager
    def storage_errors(self) -> Iterator[None]:
        """Turn what a database raises into a DeviceError."""
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (SQLAlchemyError, StorageInternalError) as error:
            cause = error.__cause__ or error
            reason = (str(getattr(cause, "orig", None) or cause) or "no reason given").splitlines()[0]
            raise DeviceError(
                f"{self._shown}: the storage of the search cannot be used ({reason}). Complete trials are kept, and "
                "the next worker takes over the others. Check that the storage can be reached and written, or give "
                "another --storage"
            ) from error


class Lease:
    """A trial that this worker does. Within ``with``, a thread sends its heartbeat.

    place: see :class:`Attempt`.
    params: those with which an earlier worker started it; they are kept.
    """

    def __init__(self, shared: SharedStudy, trial: Any, place: int, params: Mapping[str, Any], every: float) -> None:
        self.shared, self.trial, self.place, self.params = shared, trial, place, params
        self.number: int = trial.number
        self._every = every
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._lost = False
        self._thread = lasting(f"heartbeat of trial {self.number}", self._run, self._ended.is_set)

    @property
    def lost(self) -> bool:
        """Whether another worker took it over: this one seemed lost (asleep, or cut off from the storage)."""
        return self._lost

    @property
    def seconds(self) -> float:
        """Since it was taken."""
        return time.monotonic() - self._began

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(LOCKED)

    def suggest(
        self, sampler: Callable[[], Any], fixed: Mapping[str, Any], ask: Callable[[Any], None]
    ) -> dict[str, Any]:
        """The trial's parameters: ``fixed``, else those it was started with, else what ``sampler()`` chooses.

        ``ask`` calls the trial's ``suggest`` methods.
        """
        from optuna.samplers import PartialFixedSampler

        with self.shared.storage_errors():
            with _quiet():
                self.shared.study.sampler = PartialFixedSampler({**fixed, **self.params}, sampler())
            ask(self.trial)
            return dict(self.trial.params)

    def report(self, value: float, step: int) -> bool:
        """Report the value after ``step`` parts of the trial's schedule; True if the trial is to be given up."""
        with self.shared.storage_errors():
            try:
                self.trial.report(value, step)
                return bool(self.trial.should_prune())
            except _already_ended():
                self._lost = True
                return True

    def _run(self) -> None:
        beat = 0
        while not self._lost:
            beat += 1
            try:
                with self.shared.storage_errors():
                    self.trial.set_user_attr(_BEAT, beat)
            except _already_ended():
                self._lost = not self._ended.is_set()
            except DeviceError as error:  # the next one may arrive; if none does, another worker takes the trial over
                logger.warning("%s", error)
            if self._ended.wait(self._every):
                return


def _already_ended() -> tuple[type[Exception], ...]:
    """What Optuna raises when a trial has ended already: ``tell`` a ValueError, the storage the other."""
    from optuna.exceptions import UpdateFinishedTrialError

    return (UpdateFinishedTrialError, ValueError)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No warnings about Optuna's experimental parts. Not for threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
