"""What the tests of the web process share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from impsy.web.library import facts
from trainings import trainings_get_time


@pytest.fixture(scope="module", autouse=True)
def busy_trainings() -> Iterator[None]:
    """See :func:`trainings.trainings_get_time`."""
    with trainings_get_time():
        yield


@pytest.fixture(autouse=True)
def patient_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of takes, datasets and models wait for their reader, however busy the machine is."""
    monkeypatch.setattr(facts, "WAIT_SECONDS", 120.0)
    monkeypatch.setattr("impsy.web.api.overview._WAIT_SECONDS", 120.0)
