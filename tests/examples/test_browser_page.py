"""The plain page plays to a real session and shows its answers, in a real browser."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from example_session import EXAMPLES, playing

from bench.browser import SHELLS, browsing, free_tcp_port, quiet
from waiting import wait_until

PAGE = EXAMPLES / "browser" / "index.html"
MOVES = 30

pytestmark = pytest.mark.peer("chromium")


def address(folder: Path) -> str:
    """What the session has written for pages in its folder."""
    script = wait_until(lambda: (folder / ".impsy/page.js").exists() and (folder / ".impsy/page.js").read_text())
    return json.loads(script.split(" = ")[1].rstrip(";\n"))


def test_the_page_plays_and_shows_the_answers(tmp_path):
    with playing(tmp_path / "run", "browser.toml", {"server_port = 5001": "server_port = 0"}) as session:
        port = session.wait_for("websocket is listening on 127.0.0.1 port ")
        with browsing(names=SHELLS) as browser:
            page = browser.new_page()
            troubles = quiet(page)
            page.goto(f"{PAGE.as_uri()}?{address(session.folder)}")
            page.get_by_text(f"connected to ws://127.0.0.1:{port}").wait_for()
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
    with browsing(names=SHELLS) as browser:
        page = browser.new_page()
        port = free_tcp_port()
        (tmp_path / "run").mkdir()
        copy = shutil.copy(PAGE, tmp_path / "run")
        page.goto(Path(copy).as_uri())  # as by a double click
        page.get_by_text("nobody at").wait_for()
        places = {"server_port = 5001": f"server_port = {port}"}
        with playing(tmp_path / "run", "browser.toml", places) as session:
            page.get_by_text("connected to").wait_for()
            page.get_by_role("slider", name="you 1").fill("40")
            wait_until(lambda: session.rows("interface"))
    assert [values[0] for _, values in session.rows("interface")] == [pytest.approx(40 / 127, abs=1e-4)]


def test_a_frame_in_a_sandbox_of_any_site_is_not_let_in(tmp_path):
    with playing(tmp_path / "run", "browser.toml", {"server_port = 5001": "server_port = 0"}) as session:
        port = session.wait_for("websocket is listening on 127.0.0.1 port ")
        script = (tmp_path / "run/.impsy/page.js").as_uri()
        with serving(FRAME) as site, browsing(names=SHELLS) as browser:
            page = browser.new_page()
            page.goto(site)
            frame = page.frames[1]
            assert frame.evaluate("origin") == "null"
            assert frame.evaluate("src => load(src)", script) == "error"
            assert frame.evaluate("address => enter(address)", f"ws://127.0.0.1:{port}") == "close"
            assert frame.evaluate("address => enter(address)", address(session.folder)) == "open"  # so it is the key


@contextlib.contextmanager
def serving(text: str) -> Iterator[str]:
    """A site on this machine: those elsewhere Chromium keeps from loopback addresses by itself; others may not."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_what: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


FRAME = """<iframe sandbox="allow-scripts" srcdoc="<script>
const load = (src) => new Promise((done) => {
  const script = Object.assign(document.createElement('script'), { src });
  script.onload = script.onerror = ({ type }) => done(type);
  document.head.append(script);
});
const enter = (address) => new Promise((done) => {
  const socket = new WebSocket(address);
  socket.onopen = socket.onclose = ({ type }) => done(type);
});
</script>"></iframe>"""
