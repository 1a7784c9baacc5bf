"""A short take with its journal and its model in a workspace, made on a scripted clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from numpy.random import default_rng

from impsy.codecs.journal import Call, Head
from impsy.codecs.log import encode_row, log_name
from impsy.engine import Engine, Settings
from impsy.events import Interaction, Mark, PanicButton, RecallScene, Record, Set, SetPredictor
from impsy.models.opening import open_model
from impsy.models.sizes import Size
from impsy.models.tflite.write import encode_tflite
from impsy.perform.building.journal import versions
from impsy.perform.recording.journal import Journal
from impsy.perform.recording.witness import Witness
from random_networks import random_weights

ORIGIN = 100.1
MODELS = ("first.tflite", "second.tflite")


def record(workspace: Path, started: datetime = datetime(2026, 9, 26, 10), *, participant: str = "P1") -> Path:
    """Play a phrase, an answer and some changes; returns the log."""
    (workspace / "models").mkdir(exist_ok=True)
    (workspace / "logs").mkdir(exist_ok=True)
    for seed, name in enumerate(MODELS):
        path = workspace / "models" / name
        if not path.exists():
            path.write_bytes(encode_tflite(random_weights(3, Size(8, 1), rng=default_rng(seed))))
    first, second = (open_model(workspace / "models" / name).predictor for name in MODELS)
    settings = Settings(3, mode="polyphony")
    engine = Engine(settings, first, default_rng(3), ORIGIN, MODELS[0])
    head = Head(
        version="2.0", started_at=started, origin=ORIGIN, made=ORIGIN, seed=3, settings=settings, model=MODELS[0],
        models=(), log_predictions=True, participant=participant, condition="=1+1", config="[model]\ndimension = 3\n",
        versions=versions(),
    )  # fmt: skip
    witness = Witness(engine)
    journal = Journal(head, engine.predictors, [workspace])
    rows: list[str] = []
    now = ORIGIN

    def do(decide, *given) -> None:
        for command in witness.call(decide, *given):
            if isinstance(command, Record):
                date = started + timedelta(seconds=command.time - ORIGIN)
                rows.append(encode_row(date, command.source, command.values))

    plan = {
        4: Set("mode", "battle"), 9: SetPredictor(second, MODELS[1]), 12: PanicButton(), 14: Set("mode", "polyphony"),
        15: Set("paused", True), 16: Set("paused", False),
    }  # fmt: skip
    witness.started(now)
    engine.start(now)
    for number in range(20):
        now += 0.25
        do(engine.receive, plan.get(number, Interaction((number / 20, 0.5))), now)
        if number in (2, 3):
            event = Mark("=a mark") if number == 2 else RecallScene("verse")
            witness.calls.append(Call("note", now, event, "osc"))
        while (due := engine.deadline) is not None and due < now + 0.25:
            do(engine.advance, max(now, due))
    do(engine.end)
    log = workspace / "logs" / log_name(started, 3)
    log.write_text("".join(rows))
    log.with_suffix(".jsonl").write_bytes(journal.lines(witness.calls, 0))
    return log
