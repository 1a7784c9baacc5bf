"""Takes over HTTP: listed, drawn, spoken of, deleted and brought back, sent and fetched."""

from __future__ import annotations

import io
import json
import os
import time
from datetime import datetime
from urllib.parse import quote

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import CONFIG, START, TAKES, make_site, record, served

from impsy.data.takes import NOTES_FILE
from impsy.web.library.trash import Trash
from waiting import if_idle, wait_until


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def client(site):
    with served(site, TAKES) as client:
        yield client


# --- the list --------------------------------------------------------------------------------------


def test_takes_are_listed_the_newest_first_with_what_is_in_them(site, client):
    assert client.get("/api/takes").json() == []
    record(site.workspace.logs, 30)
    record(site.workspace.logs, 3, minute=5, dimension=9, source="interface")
    (site.workspace.logs / "notes.txt").write_text("mine")
    later, take = client.get("/api/takes").json()
    assert take == {
        "name": "2026-09-26T10-00-00-3d-mdrnn.log",
        "title": "",
        "started": "2026-09-26T10:00:00.000",
        "seconds": 2.9,
        "events": 20,
        "answers": 10,
        "dimension": 3,
        "tags": [],
        "excluded": False,
        "pauses": 0,
        "paused": 0.0,
        "trim_pauses": 0.0,
        "journal": False,
        "participant": "",
        "condition": "",
        "size": (site.workspace.logs / "2026-09-26T10-00-00-3d-mdrnn.log").stat().st_size,
        "live": False,
        "looking": False,
        "problem": "",
    }
    assert (later["name"], later["events"], later["answers"]) == ("2026-09-26T10-05-00-9d-mdrnn.log", 3, 0)


def test_what_is_wrong_with_a_take_is_said(site, client):
    path = record(site.workspace.logs, 3)
    path.write_text(path.read_text() + "oh no\n")
    (site.workspace.logs / "2026-01-01T00-00-00-9d-mdrnn.log").write_text("")
    damaged, empty = client.get("/api/takes").json()
    assert damaged["problem"] == "1 of its 4 rows left out: line 4: 0 values instead of 2"
    assert empty["problem"] == "there is nothing in it that is a row of a take"
    assert empty["started"] == "2026-01-01T00:00:00"


@pytest.mark.parametrize("absolute", [True, False])
def test_the_take_that_is_being_recorded_is_marked_and_cannot_be_deleted(site, client, absolute):
    record(site.workspace.logs, 3)
    live = record(site.workspace.logs, 3, minute=1)
    site.link.run(log=str(live) if absolute else f"logs/{live.name}")
    assert [take["live"] for take in client.get("/api/takes").json()] == [True, False]
    assert client.delete(f"/api/takes/{live.name}").status_code == 409
    with live.open("a") as log:
        log.write("2026-09-26T10:05:00,interface,0.5,0.5\n")
    assert client.get("/api/takes").json()[0]["events"] == 3
    site.link.run(log="/elsewhere/" + live.name)
    assert not client.get("/api/takes").json()[0]["live"]


@pytest.mark.slow
def test_a_thousand_takes_are_listed_fast_also_after_a_restart(site, client, tmp_path):
    for minute in range(1000):
        record(site.workspace.logs, 4, minute=minute)
    assert len(client.get("/api/takes").json()) == 1000
    with served(make_site(tmp_path), TAKES) as again:
        again.get("/api/takes")
        begin = time.perf_counter()
        assert len(again.get("/api/takes").json()) == 1000
        assert if_idle(time.perf_counter() - begin) < 1.0


def test_a_workspace_that_cannot_be_written_still_lists(site, client):
    record(site.workspace.logs, 3)
    site.workspace.private.write_text("in the way")
    assert len(client.get("/api/takes").json()) == 1


# --- the picture -----------------------------------------------------------------------------------


def test_a_short_take_is_drawn_as_it_is(site, client):
    path = site.workspace.logs / "2026-09-26T10-00-00-3d-mdrnn.log"
    path.parent.mkdir()
    rows = ["00,interface,0.1,0.2", "01,rnn,0.9,0.8", "02,interface,0.1,0.4", "04,interface,0.5,0.4"]
    path.write_text("".join(f"2026-09-26T10:00:{row}\n" for row in rows))
    picture = client.get(f"/api/takes/{path.name}/picture").json()
    assert picture == {
        "seconds": 4.0,
        "begin": 0.0,
        "end": 4.0,
        "times": [0, 1, 2, 4],
        "performer": [[0.1, 0.1, 0.1, 0.5], [0.2, 0.2, 0.4, 0.4]],
        "model": [[None, 0.9, 0.9, 0.9], [None, 0.8, 0.8, 0.8]],
        "labels": ["x 1", "x 2"],
    }
    part = client.get(f"/api/takes/{path.name}/picture?from=1.5&to=3").json()
    assert (part["times"], part["performer"][1], part["model"][0]) == ([1.5, 2, 3], [0.2, 0.4, 0.4], [0.9] * 3)


def test_a_long_take_keeps_its_peaks_and_holds_its_values(site, client):
    path = site.workspace.logs / "2026-09-26T10-00-00-2d-mdrnn.log"
    path.parent.mkdir()
    values = [0.5] * 3000
    values[1234] = 1.0
    lines = [f"2026-09-26T10:{i // 60 % 60:02}:{i % 60:02},interface,{value}\n" for i, value in enumerate(values)]
    lines.append("2026-09-26T11:30:00,interface,0.25\n")
    path.write_text("".join(lines))
    picture = client.get(f"/api/takes/{path.name}/picture?points=100").json()
    (curve,) = picture["performer"]
    assert len(picture["times"]) == len(curve) == 100
    assert sorted(set(curve)) == [0.25, 0.5, 1.0]
    assert curve.count(1.0) == 1
    assert picture["model"] == [[None] * 100]
    assert curve[70:98] == [0.5] * 28, "held while nothing happened"
    zoomed = client.get(f"/api/takes/{path.name}/picture?points=100&from=1220&to=1250").json()
    assert zoomed["times"][zoomed["performer"][0].index(1.0)] == 1234


@pytest.mark.slow
def test_pictures_are_drawn_in_time(site, client):
    path = record(site.workspace.logs, 20_000, dimension=9, step=0.01)
    client.get("/api/takes")
    client.get(f"/api/takes/{record(site.workspace.logs, 3, minute=900).name}/picture")
    begin = time.perf_counter()
    picture = client.get(f"/api/takes/{path.name}/picture").json()
    assert if_idle(time.perf_counter() - begin) < 1.0  # 50 ms on a machine that does nothing else
    assert len(picture["performer"]) == len(picture["model"]) == 8


def test_labels_are_those_of_the_configuration_where_they_fit(site, client):
    site.workspace.config.write_text(CONFIG)
    fits, not_so = record(site.workspace.logs, 3), record(site.workspace.logs, 3, dimension=4, minute=1)
    assert client.get(f"/api/takes/{fits.name}/picture").json()["labels"] == ["CC 7", "CC 8"]
    assert client.get(f"/api/takes/{not_so.name}/picture").json()["labels"] == ["x 1", "x 2", "x 3"]


@pytest.mark.parametrize("query", ["points=1", "points=x", "from=-1", "to=nan", "other=1", "points=1000000"])
def test_pictures_of_nonsense_are_refused(site, client, query):
    path = record(site.workspace.logs, 3)
    assert client.get(f"/api/takes/{path.name}/picture?{query}").status_code == 422


# --- words, deleting, undo -------------------------------------------------------------------------


def test_words_are_kept_beside_the_logs_and_can_be_undone(site, client):
    path = record(site.workspace.logs, 3)
    address = f"/api/takes/{path.name}"
    client.patch(address, json={"title": "First", "tags": ["solo"]})
    take = client.patch(address, json={"title": " Slow ", "tags": ["duo", "duo", " "], "excluded": True}).json()
    assert (take["title"], take["tags"], take["excluded"]) == ("Slow", ["duo"], True)
    kept = json.loads((site.workspace.logs / NOTES_FILE).read_text())
    assert kept["takes"][path.name] == {"title": "Slow", "tags": ["duo"], "excluded": True}
    assert site.hub.changes == {"takes"}
    assert client.get("/api/trash").json() == []
    assert client.post(f"/api/undo/{take['undo']}").status_code == 200
    (before,) = client.get("/api/takes").json()
    assert (before["title"], before["tags"], before["excluded"]) == ("First", ["solo"], False)
    assert path.exists()


@pytest.mark.parametrize("words", [{"title": "x" * 201}, {"tags": [""]}, {"name": "x"}, {"excluded": "perhaps"}, []])
def test_words_that_are_none_are_refused(site, client, words):
    path = record(site.workspace.logs, 3)
    assert client.patch(f"/api/takes/{path.name}", json=words).status_code == 422
    assert not (site.workspace.logs / NOTES_FILE).exists()


def test_words_that_cannot_be_read_are_told_of_once_and_not_lost(site, client):
    path = record(site.workspace.logs, 3)
    (site.workspace.logs / NOTES_FILE).write_text("{")
    for _ in range(2):
        assert client.get("/api/takes").json()[0]["title"] == ""
    (told,) = site.hub.of("sentence")
    assert (told["level"], told["text"].startswith(f"logs{os.sep}{NOTES_FILE}: it is damaged")) == ("warning", True)
    client.patch(f"/api/takes/{path.name}", json={"title": "x"})
    assert (site.workspace.logs / "takes.broken-1.json").read_text() == "{"


def test_a_deleted_take_comes_back_with_all_that_was_said_of_it(site, client):
    path = record(site.workspace.logs, 3)
    content = path.read_bytes()
    client.patch(f"/api/takes/{path.name}", json={"title": "Slow", "excluded": True})
    answer = client.delete(f"/api/takes/{path.name}").json()
    assert answer["sentence"] == "“Slow” was deleted"
    assert client.get("/api/takes").json() == []
    assert path.name not in (site.workspace.logs / NOTES_FILE).read_text()
    (entry,) = client.get("/api/trash").json()
    assert (entry["id"], entry["what"], entry["name"]) == (answer["undo"], "take", path.name)
    assert client.post(f"/api/undo/{answer['undo']}").json() == {"sentence": f"“{path.name}” is back"}
    assert path.read_bytes() == content
    (take,) = client.get("/api/takes").json()
    assert (take["title"], take["excluded"]) == ("Slow", True)
    assert client.post(f"/api/undo/{answer['undo']}").status_code == 404


def test_undo_takes_nothings_place(site, client):
    path = record(site.workspace.logs, 3)
    undo = client.delete(f"/api/takes/{path.name}").json()["undo"]
    record(site.workspace.logs, 5)
    answer = client.post(f"/api/undo/{undo}")
    assert (answer.status_code, "is there again" in answer.json()["error"]) == (409, True)
    path.unlink()
    assert client.post(f"/api/undo/{undo}").status_code == 200
    assert path.read_text().count("\n") == 3


def test_what_was_deleted_goes_for_good_when_it_is_old_or_too_much(site, client, monkeypatch):
    def delete(minute):
        return client.delete(f"/api/takes/{record(site.workspace.logs, 100, minute=minute).name}").json()["undo"]

    def there():
        return {entry["id"] for entry in client.get("/api/trash").json()}

    first = delete(0)
    entry = site.workspace.private / "trash" / first / "entry.json"
    entry.write_text(entry.read_text().replace(f'"{datetime.now().year}', '"2001'))
    assert there() == {first}, "nothing goes before something is deleted"
    second = delete(1)
    assert there() == {second}
    monkeypatch.setattr("impsy.web.library.trash.MOST_BYTES", 8_000)
    third = delete(2)
    assert there() == {third}
    monkeypatch.setattr("impsy.web.library.trash.MOST_BYTES", 1)
    fourth = delete(3)
    assert there() == {fourth}, "what was deleted just now can always be undone"


def test_the_trash_restores_nothing_outside_the_workspace(site, client, tmp_path):
    folder = site.workspace.private / "trash" / "abc"
    folder.mkdir(parents=True)
    (folder / "0").write_text("x")
    for file in ("../out.txt", "/tmp/out.txt", "logs/../../out.txt"):
        content = {"what": "take", "name": "x", "time": "2026", "files": [file], "extra": {}}
        (folder / "entry.json").write_text(json.dumps(content))
        assert client.post("/api/undo/abc").status_code == 422
    assert not (tmp_path.parent / "out.txt").exists()


def test_a_disk_that_refuses_to_move_leaves_the_take_where_it_was(site, client, monkeypatch):
    path = record(site.workspace.logs, 3)

    def refuse(*_paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("impsy.web.library.trash.shutil.move", refuse)
    answer = client.delete(f"/api/takes/{path.name}")
    assert answer.status_code == 507
    assert path.exists()
    assert Trash(site.workspace).deleted() == []


NAMES = ["..%2F..%2Fetc%2Fpasswd", "x", "con-9d-mdrnn.log", ".a-9d-mdrnn.log", "a%00-9d-mdrnn.log", "takes.json"]


@pytest.mark.parametrize("name", [*NAMES, "2026-09-26T10-00-00-9d-mdrnn.log"])
@pytest.mark.parametrize("what", ["file", "picture", "midi"])
def test_only_takes_are_read(site, client, name, what):
    record(site.workspace.logs, 3)
    (site.workspace.logs / NOTES_FILE).write_text("{}")
    assert client.get(f"/api/takes/{name}/{what}").status_code in (404, 422)


def test_a_link_that_leads_out_is_not_followed(site, client, tmp_path_factory):
    secret = tmp_path_factory.mktemp("else") / "secret"
    secret.write_text("secret")
    site.workspace.logs.mkdir()
    (site.workspace.logs / "2026-09-26T10-00-00-3d-mdrnn.log").symlink_to(secret)
    assert client.get("/api/takes/2026-09-26T10-00-00-3d-mdrnn.log/file").status_code == 422
    assert client.delete("/api/takes/2026-09-26T10-00-00-3d-mdrnn.log").status_code == 422
    assert client.get("/api/takes").json() == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_take_and_nobody_waits_for_it(site, client):
    path = record(site.workspace.logs, 3)
    os.mkfifo(site.workspace.logs / "2026-09-26T09-00-00-3d-mdrnn.log")
    assert [take["name"] for take in client.get("/api/takes").json()] == [path.name]


# --- files in and out ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_log_goes_out_and_comes_in_as_it_is(site, client):
    path = record(site.workspace.logs, 30)
    answer = client.get(f"/api/takes/{path.name}/file")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"] == f'attachment; filename="{path.name}"'
    path.unlink()
    take = client.post(f"/api/takes?name={path.name}", content=answer.content).json()
    assert (take["name"], take["events"], take["title"]) == (path.name, 20, "")
    assert path.read_bytes() == answer.content
    again = client.post(f"/api/takes?name={path.name}", content=b"x" + answer.content)
    assert again.status_code == 409
    assert path.read_bytes() == answer.content


def test_a_log_of_another_name_gets_a_proper_one_and_its_own_as_title(site, client, tmp_path):
    content = record(tmp_path / "other", 30, dimension=5).read_bytes()
    take = client.post("/api/takes?name=My session.txt", content=content).json()
    assert (take["name"], take["title"]) == ("2026-09-26T10-00-00-5d-mdrnn.log", "My session")


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a-3d-mdrnn.log", b"", 422),
        ("a-3d-mdrnn.log", b"hello\n" * 50, 422),
        ("a-9d-mdrnn.log", b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n", 422),
        ("a-0d-mdrnn.log", b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n", 422),
        ("../a-3d-mdrnn.log", b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n", 422),
        ("nul", b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n", 422),
        ("a-3d-mdrnn.log", b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n", 200),
    ],
)
@pytest.mark.slow
def test_what_is_no_log_is_not_kept(site, client, name, content, status):
    answer = client.post("/api/takes", params={"name": name}, content=content)
    assert answer.status_code == status
    kept = list(site.workspace.logs.iterdir()) if site.workspace.logs.exists() else []
    assert [path.name for path in kept] == ([name] if status == 200 else [])
    assert not list(site.workspace.private.glob("scratch/*"))


@pytest.mark.parametrize("name", ["a-3d-mdrnn.log", "a-3d-mdrnn (1).csv", "a-3D-MDRNN.LOG", "my session.txt"])
@pytest.mark.parametrize(
    "content",
    [
        "2026-09-26 10:00:00,5;Interface;0,5;0,25;;\r\n26.09.2026 10:00:01;interface;,5;1\r\n".encode("utf-16"),
        b"\xef\xbb\xbf# IMPSY 1.2\ntime,source,x1,x2\n2026-09-26T10:00:00.5, interface, 0.5, 0.25,\n"
        b'"9/26/2026 10:00:01 AM","INTERFACE","0.5","1"\n',
    ],
)
@pytest.mark.slow
def test_a_log_that_another_program_saved_is_taken_and_shown(site, client, name, content):
    take = client.post(f"/api/takes?name={quote(name)}", content=content).json()
    assert (take["events"], take["seconds"], take["dimension"], take["problem"]) == (2, 0.5, 3, "")
    picture = client.get(f"/api/takes/{quote(take['name'])}/picture").json()
    assert (picture["performer"][0][-1], picture["performer"][1][-1], picture["seconds"]) == (0.5, 1.0, 0.5)


@pytest.mark.slow
def test_a_log_is_checked_where_what_is_played_need_not_wait_for_it(site, client):
    content = b"2026-09-26T10:00:00.000000,interface,0.5,0.5\n" + b"\n" * (2 << 20)
    before = time.process_time()
    assert client.post("/api/takes?name=a-3d-mdrnn.log", content=content).status_code == 200
    assert if_idle(time.process_time() - before) < 1.0, "reading this by the line takes several seconds"


rows = st.sampled_from([b"2026-09-26T10:00:00,interface,0.5,1\n", b"2026-09-26T10:00:01,rnn,0.5,nan\n", b",,\n"])


@settings(max_examples=60)
@given(st.lists(rows | st.binary(max_size=60), max_size=8), st.text(max_size=30))
@pytest.mark.slow
def test_any_upload_is_taken_or_refused_in_words(tmp_path_factory, content, name):
    with served(make_site(tmp_path_factory.mktemp("any")), TAKES) as client:
        params = {"name": name}
        answer = client.post("/api/takes", params=params, content=b"".join(content))
        assert answer.status_code in (200, 422)
        if answer.status_code == 422:
            assert set(answer.json()) == {"error", "advice"}


@pytest.mark.slow
def test_a_take_goes_through_a_midi_file_and_back(site, client):
    site.workspace.config.write_text(
        CONFIG.replace('"note_on", 2', '"control_change", 1, 7').replace("2, 74", "1, 8")
    )
    path = record(site.workspace.logs, 30)
    answer = client.get(f"/api/takes/{path.name}/midi")
    assert answer.headers["content-disposition"].endswith('3d-mdrnn.mid"')
    assert [track.name for track in mido.MidiFile(file=io.BytesIO(answer.content)).tracks][1:] == [
        "IMPSY performer",
        "IMPSY model",
    ]
    before = client.get(f"/api/takes/{path.name}/picture").json()
    take = client.post("/api/takes/midi?name=tune.mid", content=answer.content).json()
    assert (take["events"], take["answers"], take["title"], take["tags"]) == (20, 10, "tune", ["MIDI file"])
    assert abs(datetime.now() - datetime.fromisoformat(take["started"])).total_seconds() < 60
    after = client.get(f"/api/takes/{take['name']}/picture").json()
    assert after["times"] == pytest.approx(before["times"], abs=0.0011)
    for one, other in zip(after["performer"] + after["model"], before["performer"] + before["model"], strict=True):
        assert [value or 0 for value in one] == pytest.approx([value or 0 for value in other], abs=0.5 / 127 + 1e-4)
    second = client.post("/api/takes/midi?name=tune.mid", content=answer.content).json()
    assert second["name"] != take["name"]
    assert [path.name for path in site.workspace.private.glob("[er]*-*")] == []


@pytest.mark.slow
def test_a_midi_file_that_does_not_fit_says_what_it_holds(site, client):
    file = io.BytesIO()
    track = mido.MidiTrack([mido.Message("note_on", note=60, velocity=3)])
    mido.MidiFile(tracks=[track]).save(file=file)
    answer = client.post("/api/takes/midi?name=tune.mid", content=file.getvalue())
    assert (answer.status_code, "set the workspace up" in answer.json()["error"]) == (422, True)
    site.workspace.config.write_text(CONFIG)
    for content, word in ((file.getvalue(), "channel 1: note on"), (b"RIFF", "no MIDI file"), (b"", "no MIDI file")):
        answer = client.post("/api/takes/midi?name=tune.mid", content=content)
        assert (answer.status_code, word in answer.json()["error"]) == (422, True)
    assert not site.workspace.logs.exists()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-3], "tune.mid: track 1 at byte 38 ends in mid event: read up to there."),
        (lambda data: data + b"junk", "4 bytes after the last track left out"),
        (lambda data: data[:11] + b"\3" + data[12:] + b"XFIH\0\0\0\0", "an unknown chunk left out (at byte 42); the"),
        (lambda data: data, None),
    ],
    ids=["cut off", "junk", "chunk and count", "sound"],
)
@pytest.mark.slow
def test_a_midi_file_of_the_wild_becomes_a_take_and_what_was_left_out_is_said(site, client, damage, words):
    site.workspace.config.write_text(CONFIG.replace('"note_on", 2', '"control_change", 1, 7'))
    answer = client.post("/api/takes/midi?name=tune.mid", content=damage(midi_file()))
    assert (answer.status_code, answer.json()["events"]) == (200, 5)
    said = site.hub.of("sentence")
    assert len(said) == (words is not None)
    assert not said or (words in said[0]["text"] and said[0]["level"] == "warning")


def midi_file():
    track = mido.MidiTrack([mido.Message("control_change", control=7, value=value, time=9) for value in range(5)])
    file = io.BytesIO()
    mido.MidiFile(tracks=[track]).save(file=file)
    return file.getvalue()


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=3), st.integers(1, 60))
@pytest.mark.slow
def test_any_midi_upload_is_taken_or_refused_in_words(tmp_path_factory, damage, length):
    site = make_site(tmp_path_factory.mktemp("any"))
    site.workspace.config.write_text(CONFIG)
    content = bytearray(midi_file())
    for place, byte in damage:
        content[place] = byte
    with served(site, TAKES) as client:
        answer = client.post("/api/takes/midi?name=x.mid", content=bytes(content[:length]))
        assert answer.status_code in (200, 422)
        assert len(client.get("/api/takes").json()) == (answer.status_code == 200)


def test_an_upload_beyond_the_limit_is_refused_before_it_arrives(client):
    headers = {"content-length": str(300 << 20)}
    assert client.post("/api/takes?name=a-3d-mdrnn.log", content=b"x", headers=headers).status_code == 413


# --- playing ---------------------------------------------------------------------------------------


def test_a_take_is_played_through_the_session_in_its_own_time(site, client):
    path = record(site.workspace.logs, 9, step=0.05)
    assert client.post(f"/api/takes/{path.name}/play", json={}).status_code == 409
    site.link.run(3)
    begin = time.monotonic()
    assert client.post(f"/api/takes/{path.name}/play", json={}).json()["name"] == path.name
    wait_until(lambda: len(site.link.sent) == 9)
    took = time.monotonic() - begin
    assert took > 0.39
    assert if_idle(took) < 1.5
    rows = [line.split(",")[2:] for line in path.read_text().splitlines()]
    sent = [values for _, _, values in site.link.sent]
    assert sent == [pytest.approx([float(value) for value in row], abs=1e-6) for row in rows]
    assert {(address, types) for address, types, _ in site.link.sent} == {("/impsy/output", "ff")}
    wait_until(lambda: site.hub.of("playback")[-1]["name"] is None)
    told = site.hub.of("playback")
    assert (told[0]["name"], told[0]["seconds"]) == (path.name, 0.4)
    assert len(told) <= 7


def test_who_from_where_and_how_fast_can_be_chosen_and_long_pauses_are_shortened(site, client):
    path = record(site.workspace.logs, 9, step=100)
    site.link.run(3)
    begin = time.monotonic()
    client.post(f"/api/takes/{path.name}/play", json={"who": "model", "from": 450, "speed": 10})
    wait_until(lambda: len(site.link.sent) == 2)
    took = time.monotonic() - begin
    assert took > 0.5
    assert if_idle(took) < 2


def test_one_take_plays_at_a_time_and_stops_when_asked(site, client):
    first, second = (record(site.workspace.logs, 9, step=2, minute=minute) for minute in (0, 1))
    site.workspace.config.write_text(CONFIG)
    site.link.run(3)
    client.post(f"/api/takes/{first.name}/play", json={})
    wait_until(lambda: site.link.sent)
    client.post(f"/api/takes/{second.name}/play", json={})
    wait_until(lambda: len(site.link.sent) == 3)
    assert [address for address, _, _ in site.link.sent] == ["/impsy/output"] * 3
    assert client.post("/api/playback/stop").json()["name"] is None
    assert site.link.sent[-1] == ("/impsy/output", "", ()), "its notes do not go on"
    assert site.hub.of("playback")[-1]["name"] is None


def test_playing_ends_with_the_session(site, client):
    path = record(site.workspace.logs, 9, step=2)
    site.link.run(3)
    client.post(f"/api/takes/{path.name}/play", json={})
    wait_until(lambda: site.link.sent)
    site.link.state = None
    wait_until(lambda: site.hub.of("sentence"))
    assert "session has ended" in site.hub.of("sentence")[0]["text"]
    assert len(site.link.sent) == 1


@pytest.mark.parametrize(
    ("rows", "dimension", "body", "status"),
    [(9, 4, {}, 409), (0, 3, {}, 422), (2, 3, {"who": "model"}, 422), (9, 3, {"speed": 0}, 422)],
)
def test_what_cannot_be_played_is_said(site, client, rows, dimension, body, status):
    path = record(site.workspace.logs, rows)
    site.link.run(dimension)
    assert client.post(f"/api/takes/{path.name}/play", json=body).status_code == status
    assert site.link.sent == []


def test_names_of_imports_begin_with_the_time_that_they_are_sorted_by(site, client):
    os.utime(record(site.workspace.logs, 3), (0, 0))
    assert client.get("/api/takes").json()[0]["started"].startswith(START.isoformat()[:10])
