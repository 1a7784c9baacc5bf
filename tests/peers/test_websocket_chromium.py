"""A page in a real browser plays through the WebSocket of a real ``impsy run``."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
from performance import performing

pytestmark = pytest.mark.peer("chromium")

WEBSOCKET = """
[websocket]
server_port = 0
input = [["control_change", 1, 1], ["note_on", 2]]
output = [["control_change", 3, 1], ["note_on", 4]]
"""

MOVES = 20

# It plays a phrase, listens to the answer, writes it down in the page, and reports what the page then shows.
PAGE = """<!doctype html><title>instrument</title><ol id="heard"></ol><p id="state"></p>
<script>
  const state = document.getElementById("state");
  function done(word) {
    state.textContent = word;
    fetch("http://127.0.0.1:%(report)d/", {method: "POST", mode: "no-cors", body: document.body.innerText});
  }
  const socket = new WebSocket(window.IMPSY_ADDRESS ?? "ws://%(host)s:%(port)d");
  const kinds = new Set();
  let opened = false, played = false;
  socket.onopen = () => {
    opened = true;
    let move = 0;
    const hand = setInterval(() => {
      socket.send("/channel/1/cc/1/" + 5 * move);
      if (++move == %(moves)d) clearInterval(hand);
    }, 20);
  };
  socket.onmessage = (message) => {
    const row = document.createElement("li");
    row.textContent = message.data;
    document.getElementById("heard").append(row);
    kinds.add(message.data.split("/").slice(1, 4).join("/"));
    const heard = document.getElementById("heard").childElementCount;
    if (!played && heard >= 15 && kinds.has("channel/4/noteoff")) { played = true; done("played"); }
  };
  socket.onclose = () => { if (!opened) done("refused"); };
</script>"""


class Reports(Queue[str]):
    """What pages report, and a place to serve a page from."""

    page = b""


@contextmanager
def reporting():
    reports = Reports()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            reports.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(b"")

        def do_GET(self):
            self.answer(reports.page)

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield reports, server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def browsing(address, profile, log):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}"]
    # A page of a stranger's site, which a name server could make out to be this machine.
    flags.append("--host-resolver-rules=MAP stranger.example 127.0.0.1")
    with log.open("wb") as file:
        process = subprocess.Popen(["chromium", *flags, address], stdout=file, stderr=file, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def page(report, port, host="127.0.0.1"):
    return PAGE % {"report": report, "port": port, "host": host, "moves": MOVES}


def test_a_page_from_a_file_plays_and_hears_the_answer(tmp_path):
    with performing(tmp_path, dimension=3, more=WEBSOCKET) as performance, reporting() as (reports, report_port):
        port = int(performance.wait_for("websocket is listening on 127.0.0.1 port "))
        file = tmp_path / "instrument.html"
        file.write_text('<!doctype html><script src=".impsy/page.js"></script>' + page(report_port, port))
        with browsing(file.as_uri(), tmp_path / "profile", tmp_path / "chromium.txt"):
            shown = reports.get(timeout=30).split()
        performance.end()
        assert shown.pop() == "played"
        kinds = {message.rsplit("/", 1 if "cc" in message else 2)[0] for message in shown}
        assert kinds == {"/channel/3/cc/1", "/channel/4/noteon", "/channel/4/noteoff"}
        values = [values[0] for _time, values in performance.rows("interface")]
        assert values == pytest.approx([5 * move / 127 for move in range(MOVES)], abs=1e-4)
        assert len(performance.rows("rnn")) >= 5
        assert "Traceback" not in performance.text()


def test_a_page_from_a_strangers_site_is_refused_and_one_from_this_machine_is_not(tmp_path):
    with performing(tmp_path, dimension=3, more=WEBSOCKET) as performance, reporting() as (reports, report_port):
        port = int(performance.wait_for("websocket is listening on 127.0.0.1 port "))
        for host, expected in (("stranger.example", "refused"), ("127.0.0.1", "played")):
            reports.page = page(report_port, port, host).encode()
            with browsing(f"http://{host}:{report_port}/", tmp_path / host, tmp_path / f"{host}.txt"):
                assert reports.get(timeout=30).split()[-1] == expected
        assert f'add "http://stranger.example:{report_port}" to websocket.allowed_origins' in performance.text()
