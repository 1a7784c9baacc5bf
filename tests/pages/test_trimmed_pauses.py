"""Long pauses of takes, in a browser: told, trimmed and learned again, of one take and of many."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from instrument import turn_to, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE

from bench.browser import WebInterface, quiet
from impsy.codecs.log import encode_row, log_name
from impsy.data.takes import read_notes
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

PAUSES = {10: (), 11: (200.0,), 12: (40.0, 400.0)}
"""By the hour at which a take began: its pauses, after each ten events."""


def write_take(folder, hour):
    begin, at = datetime(2026, 9, 26, hour), 0.0
    rows = []
    for pause in (0.0, *PAUSES[hour]):
        at += pause
        for _ in range(10):
            rows.append(encode_row(begin + timedelta(seconds=at), "interface", (at % 1, 0.5)))
            at += 0.1
    path = folder / "logs" / log_name(begin, 3)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(rows))
    return path.name


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder, controls=2)
    with WebInterface(folder) as web:
        web.takes = [write_take(folder, hour) for hour in PAUSES]
        yield web


@pytest.fixture
def page(chromium, study):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    told = quiet(page)
    page.goto(f"{study.url}/record")
    yield page
    context.close()
    assert not told


def audit(page):
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []


def trims(web):
    return read_notes(web.folder / "logs").trims


def test_one_click_keeps_the_pauses_of_a_take_from_being_learned_and_one_has_them_learned_again(page, study):
    newest = study.takes[-1]
    log = (study.folder / "logs" / newest).read_bytes()
    detail = page.get_by_role("article")
    switch = detail.get_by_role("switch", name="Trim long pauses")
    expect(detail.get_by_text("2 pauses of more than 30 s, 7 min in all.")).to_be_visible()
    audit(page)
    expect(switch).to_be_enabled()
    switch.click(force=True)
    expect(detail.get_by_text("2 pauses of more than 30 s, 7 min in all: not learned.")).to_be_visible()
    assert trims(study) == {newest: 30.0}
    page.reload()
    expect(switch).to_be_checked()
    expect(switch).to_be_enabled()  # it waits for the connection
    switch.click(force=True)
    expect(detail.get_by_text("2 pauses of more than 30 s, 7 min in all.", exact=True)).to_be_visible()
    wait_until(lambda: trims(study) == {})
    assert (study.folder / "logs" / newest).read_bytes() == log
    page.get_by_role("button", name="10:00").click()
    expect(detail.get_by_role("switch", name="Learn from this take")).to_be_visible()
    expect(switch).to_have_count(0)


def test_the_pauses_of_many_takes_are_trimmed_and_a_dataset_goes_by_it(page, study):
    page.locator(".many-all input").click()
    many = page.get_by_role("region", name="Selected takes")
    expect(many.get_by_text("3 pauses of more than 30 s in 2 of 3 takes, 11 min in all.")).to_be_visible()
    many.get_by_role("switch", name="Trim long pauses").click(force=True)
    expect(many.get_by_text("11 min in all: not learned.")).to_be_visible()
    assert trims(study) == dict.fromkeys(study.takes[1:], 30.0)
    audit(page)
    turn_to(page, "Learn")
    expect(page.get_by_role("switch", name="Trim long pauses")).to_be_checked()
    page.get_by_role("button", name="Make dataset").click()
    expect(page.get_by_text("split at 2 pauses of more than 30 s")).to_be_visible()
    wait_until(lambda: study.get("/api/datasets")[0]["performances"] == 6, what="the facts of the dataset")
    assert study.get("/api/datasets")[0]["events"] == 9 + 18 + 27
    audit(page)
    page.get_by_role("switch", name="Trim long pauses").click(force=True)
    wait_until(lambda: trims(study) == {})
    page.get_by_role("button", name="Make dataset").click()
    wait_until(lambda: study.get("/api/datasets")[0]["performances"] == 3)
