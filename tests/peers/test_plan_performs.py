"""``impsy run`` as a process: what it says that it will play is what it plays, with somebody who interrupts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.models import dimension_of
from bench.plan import played_though_thrown_away, shown_before, watch, wrong_events
from bench.program import Program, Settings

MODEL = next((Path(__file__).parents[2] / "src/impsy/config/templates/models").glob("*mixtures35*.tflite"))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["battle", "duet"])
def test_what_is_shown_is_played(mode):
    settings = Settings(MODEL, dimension_of(MODEL), mode)
    seen = watch(Program.this(), settings, seconds=15.0, every=1.0)
    looked, wrong = wrong_events(seen)
    assert looked > 20
    assert wrong == 0
    thrown, played = played_though_thrown_away(seen)
    assert thrown > 0
    assert played == 0
    share, _ = shown_before(seen)
    assert share > 0.5
