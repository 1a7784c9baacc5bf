"""The plain page plays to a real session and shows its answers, in a real browser."""

from __future__ import annotations

import pytest
from example_session import EXAMPLES, playing

from bench.browser import browsing, free_tcp_port, quiet
from waiting import wait_until

PAGE = (EXAMPLES / "browser" / "index.html").as_uri()
MOVES = 30

pytestmark = pytest.mark.peer("chromium")


def test_the_page_plays_and_shows_the_answers(tmp_path):
    with playing(tmp_path / "run", "browser.toml", {"server_port = 5001": "server_port = 0"}) as session:
        port = session.wait_for("websocket is listening on 127.0.0.1 port ")
        with browsing() as browser:
            page = browser.new_page()
            troubles = quiet(page)
            page.goto(f"{PAGE}?ws://127.0.0.1:{port}")
            page.get_by_text("connected to").wait_for()
            page.get_by_role("button", name="Turn on the sound").click()
            page.get_by_role("button", name="Turn off the sound").wait_for()
            page.get_by_role("slider", name="you 3").focus()
            for _ in range(MOVES):
                page.keyboard.press("ArrowRight")  # from the middle, 64, up
                page.wait_for_timeout(15)
            page.wait_for_function("answers >= 3")
            session.end()
            page.get_by_text("nobody at").wait_for()  # it says so, and tries again
            shown = page.evaluate("its.map((fader) => Number(fader.value))")
    assert any(position != 64 for position in shown)
    heard = [values for _, values in session.rows("interface")]
    assert [values[2] for values in heard] == pytest.approx([(65 + move) / 127 for move in range(MOVES)], abs=1e-4)
    assert len({values[0] for values in heard}) == 1  # nobody has moved the others
    assert [trouble for trouble in troubles if "WebSocket" not in trouble] == []
    assert "Traceback" not in session.text()


def test_the_page_connects_when_the_session_comes_later(tmp_path):
    with browsing() as browser:
        page = browser.new_page()
        port = free_tcp_port()
        page.goto(f"{PAGE}?ws://127.0.0.1:{port}")
        page.get_by_text("nobody at").wait_for()
        places = {"server_port = 5001": f"server_port = {port}"}
        with playing(tmp_path / "run", "browser.toml", places) as session:
            page.get_by_text("connected to").wait_for()
            page.get_by_role("slider", name="you 1").fill("40")
            wait_until(lambda: session.rows("interface"))
    assert [values[0] for _, values in session.rows("interface")] == [pytest.approx(40 / 127, abs=1e-4)]
