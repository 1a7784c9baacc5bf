"""Pure Data, headless, plays a phrase and hears the answer."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from performance import performing

from waiting import if_idle, wait_until


def patch(folder: Path, server: int, client: int) -> Path:
    """Sends twenty values, 50 ms apart, once; prints everything that comes back."""
    text = f"""\
#N canvas 0 0 700 500 10;
#X obj 20 20 loadbang;
#X obj 20 45 t b b;
#X msg 140 75 connect 127.0.0.1 {server};
#X msg 20 75 1;
#X obj 20 100 metro 50;
#X obj 20 130 f 0;
#X obj 80 130 + 1;
#X obj 20 160 t f f;
#X obj 20 190 sel 20;
#X msg 20 220 0;
#X obj 140 190 / 20;
#X obj 140 220 list append 0.5 0.25;
#X obj 140 250 oscformat interface;
#X obj 140 280 list prepend send;
#X obj 140 310 list trim;
#X obj 140 340 netsend -u -b;
#X obj 400 45 netreceive -u -b {client};
#X obj 400 75 oscparse;
#X obj 400 105 print heard;
#X connect 0 0 1 0;
#X connect 1 0 3 0;
#X connect 1 1 2 0;
#X connect 2 0 15 0;
#X connect 3 0 4 0;
#X connect 4 0 5 0;
#X connect 5 0 6 0;
#X connect 5 0 7 0;
#X connect 6 0 5 1;
#X connect 7 0 8 0;
#X connect 7 1 10 0;
#X connect 8 0 9 0;
#X connect 9 0 4 0;
#X connect 10 0 11 0;
#X connect 11 0 12 0;
#X connect 12 0 13 0;
#X connect 13 0 14 0;
#X connect 14 0 15 0;
#X connect 16 0 17 0;
#X connect 17 0 18 0;
"""
    path = folder / "player.pd"
    path.write_text(text)
    return path


@pytest.mark.peer("pd")
def test_pure_data_plays_and_is_answered(tmp_path):
    with performing(tmp_path, dimension=4, threshold=0.2) as performance:
        player = patch(tmp_path, performance.server, performance.client)
        with (tmp_path / "pd.txt").open("wb") as output:
            pd = subprocess.Popen(
                ["pd", "-nogui", "-stderr", "-nrt", "-noaudio", str(player)], stdout=output, stderr=subprocess.STDOUT
            )
            wait_until(lambda: len(performance.rows("interface")) == 21, every=0.1)
            wait_until(lambda: "heard: list impsy" in (tmp_path / "pd.txt").read_text(), every=0.1)
            time.sleep(0.5)
            assert if_idle(performance.end()) < 1.0
            count = len(performance.rows("rnn"))
            wait_until(lambda: (tmp_path / "pd.txt").read_text().count("heard: list impsy ") >= count, every=0.1)
            pd.terminate()
            pd.wait(10)
    heard = [values for _, values in performance.rows("interface")]
    assert heard == [[pytest.approx(step / 20), 0.5, 0.25] for step in range(21)]
    printed = (tmp_path / "pd.txt").read_text().splitlines()
    answers = {
        address: [line for line in printed if line.startswith(f"heard: list {address} ")]
        for address in ("prediction", "impsy")
    }
    assert len(answers["prediction"]) == len(answers["impsy"]) == len(performance.rows("rnn")) > 0
    assert all(len(line.split()) == 6 for line in answers["prediction"])
