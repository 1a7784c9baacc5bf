"""The configuration over HTTP, on real files."""

from __future__ import annotations

import json
import time
import tomllib
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setup_site import client_of, make_site

from fuzzing import examples
from impsy.config import Config, load_config
from impsy.mapping.entries import KINDS, parse_entry
from impsy.web.config.file import KEPT_VERSIONS, ConfigFile
from impsy.web.workspace import Workspace
from waiting import if_idle

CONFIG = """\
# mine
title = "Stage" # on stage

[model]
dimension = 3 # two knobs

[midi]
in_device = ["X-TOUCH"]
input."X-TOUCH" = [
  ["control_change", 1, 7], # left
  ["pitch_bend", 1],
]
"""

FUZZ = settings(max_examples=examples(150))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return make_site(tmp_path)


@pytest.fixture
def client(site):
    return client_of(site)


def edit(client, changes, text=CONFIG):
    return client.post("/api/config/edit", json={"text": text, "changes": changes})


# --- reading -----------------------------------------------------------------------------------------


def test_the_file_is_told_as_it_is(client, site):
    told = client.get("/api/config").json()
    assert told["exists"]
    assert told["text"] == CONFIG
    assert told["values"] == tomllib.loads(CONFIG)
    assert told["problems"] == []
    assert len(told["stamp"]) == 64
    assert told["path"] == str(site.workspace.config)


def test_no_file_is_told_as_none(tmp_path):
    told = client_of(make_site(tmp_path)).get("/api/config").json()
    assert (told["exists"], told["text"], told["stamp"], told["values"]) == (False, "", "", None)
    assert told["problems"] == []


def test_a_broken_file_is_told_with_its_problem_and_line(client, site):
    site.workspace.config.write_text('[model]\ndimension = \ntitle = "x"\n')
    told = client.get("/api/config").json()
    assert told["values"] is None
    (problem,) = told["problems"]
    assert problem["line"] == 2
    assert problem["level"] == "error"
    assert "A value is missing after =" in problem["message"]
    assert told["text"].startswith("[model]")


def test_values_of_a_wrong_file_are_told_for_mending(client, site):
    site.workspace.config.write_text(
        '[model]\ndimension = 3\n[midi]\ninput."a \\"b\\" [c]" = [["note_on", 17], 1979-05-27]\n'
    )
    told = client.get("/api/config").json()
    assert told["values"]["midi"]["input"] == {'a "b" [c]': [["note_on", 17], "1979-05-27"]}
    paths = [problem["path"] for problem in told["problems"]]
    assert ["midi", "input", 'a "b" [c]', 0] in paths
    assert ["midi", "input", 'a "b" [c]', 1] in paths


def test_text_that_is_no_utf8_is_shown_with_a_sentence(client, site):
    site.workspace.config.write_bytes(b'title = "a"\nowner = "\xff"\n')
    told = client.get("/api/config").json()
    assert told["problems"][0]["line"] == 2
    assert told["values"] is None
    assert "�" in told["text"]


def test_warnings_and_notes_do_not_stand_in_the_way(client, site):
    (site.workspace.root / "models").mkdir()
    text = CONFIG + '\n[plugin]\nx = nan\n[serial]\nport = "p"\n'
    text += '[serialmidi]\nport = "p"\ninput = [["note_on", 1], ["note_on", 2]]\n'
    text = text.replace("dimension = 3", 'dimension = 3\nfile = "models/none.tflite"')
    told = client.post("/api/config/check", json={"text": text}).json()
    levels = {(problem["key"], problem["level"]) for problem in told["problems"]}
    assert ("model.file", "warning") in levels
    assert ("plugin", "info") in levels
    assert ("serial", "warning") in levels
    assert all(level != "error" for _, level in levels)
    assert told["values"]["plugin"] == {"x": "nan"}


def test_a_folder_in_its_place_is_a_sentence(client, site):
    site.workspace.config.unlink()
    site.workspace.config.mkdir()
    response = client.get("/api/config")
    assert response.status_code == 507
    assert "config.toml" in response.json()["error"]


@pytest.mark.slow
def test_every_real_config_is_read(client, site, shared_data):
    for path in sorted((shared_data / "configs").glob("*.toml")):
        site.workspace.config.write_bytes(path.read_bytes())
        told = client.get("/api/config").json()
        assert not [problem for problem in told["problems"] if problem["level"] == "error"], path
        assert client.put("/api/config", json={"text": told["text"], "stamp": told["stamp"]}).status_code == 200
        assert site.workspace.config.read_bytes() == path.read_bytes()
        overview = client.get("/api/overview").json()
        assert len(overview["controls"]) == overview["dimension"] - 1
        labels = [control["label"] for control in overview["controls"]]
        assert len(set(labels)) == len(labels), path


# --- the schema --------------------------------------------------------------------------------------


def described(schema, path=()):
    """Every key of a schema, with what describes it."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from described(inner, (*path, name))
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield (*path, "*"), more
        yield from described(more, (*path, "*"))


def test_every_key_has_words_for_a_form(client):
    schema = client.get("/api/config").json()["schema"]
    keys = dict(described(schema))
    assert {key[0] for key in keys} == set(Config.model_fields)
    for key, told in keys.items():
        assert told.get("title"), key
        assert "``" not in told.get("description", "``"), key
        assert not told["description"].endswith(" "), key
        assert "type" in told, key
        assert "$ref" not in told, key
        if "properties" not in told:
            assert "wanted" in told, key
        if "enum" in told:
            assert len(told["choices"]) == len(told["enum"])
            assert all(told["choices"])
    assert keys["interaction", "threshold"]["minimum"] == 0
    assert keys["interaction", "threshold"]["default"] == 0.1
    assert keys["model", "timescale"]["exclusiveMinimum"] == 0
    assert keys["model", "size"]["enum"][0] == "xxs"
    assert keys["midi", "input", "*"]["format"] == "mapping"
    assert keys["osc", "server_port"]["maximum"] == 65535
    assert "$defs" not in schema


def test_mapping_kinds_say_how_to_build_every_entry(client):
    kinds = client.get("/api/config").json()["mapping_kinds"]
    assert [kind["kind"] for kind in kinds] == list(KINDS)
    for kind in kinds:
        assert kind["words"]
        for bound in ("min", "max"):
            required = [argument[bound] for argument in kind["arguments"] if not argument["optional"]]
            parse_entry([kind["kind"], *required])
            parse_entry([kind["kind"], *(argument[bound] for argument in kind["arguments"])])


# --- drafts ------------------------------------------------------------------------------------------


def test_an_edit_keeps_comments_and_saves_nothing(client, site):
    changes = [
        {"key": ["model", "sigmatemp"], "value": 0.5},
        {"key": ["midi", "input", "X-TOUCH"], "value": [["control_change", 1, 7], ["note_on", 2]]},
        {"key": ["osc"], "value": {}},
        {"key": ["midi", "in_device"], "value": []},
        {"key": ["title"], "remove": True},
    ]
    told = edit(client, changes).json()
    for comment in ("# mine", "# two knobs", "# left"):
        assert comment in told["text"]
    assert told["values"]["model"] == {"dimension": 3, "sigmatemp": 0.5}
    assert told["values"]["midi"]["input"]["X-TOUCH"][1] == ["note_on", 2]
    assert told["values"]["osc"] == {}
    assert "title" not in told["values"]
    assert [problem["level"] for problem in told["problems"]] == ["warning"]
    assert site.workspace.config.read_text() == CONFIG
    assert site.hub.changes == []


def test_an_edit_that_breaks_a_rule_is_told_and_still_a_draft(client):
    told = edit(client, [{"key": ["model", "dimension"], "value": 5}]).json()
    (problem,) = told["problems"]
    assert problem["path"] == ["midi", "input", "X-TOUCH"]
    assert problem["line"] == 9
    assert "dimension = 5 # two knobs" in told["text"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([{"key": ["title", "x"], "value": 1}], "cannot be changed here"),
        ([{"key": ["title"]}], "either a value, or remove"),
        ([{"key": ["title"], "value": 1, "remove": True}], "either a value, or remove"),
        ([{"key": ["title"], "value": None}], "no null"),
        ([{"key": ["title"], "value": [[[[[[[[[1]]]]]]]]]}], "nested"),
        ([{"key": ["title"], "value": 2**70}], "64 bits"),
        ([{"key": [], "value": 1}], "key"),
        ([{"key": ["a" * 300], "value": 1}], "200 characters"),
    ],
)
def test_an_edit_that_cannot_be_made_is_a_sentence(client, changes, word):
    response = edit(client, changes)
    assert response.status_code == 422
    assert word in response.json()["error"]


def test_a_text_that_is_no_toml_cannot_be_edited_by_key(client):
    response = edit(client, [{"key": ["title"], "value": "x"}], text="[model")
    assert response.status_code == 422
    assert "line 1" in response.json()["error"]


@pytest.mark.parametrize("address", ["check", "edit", "upgrade"])
def test_a_text_that_it_takes_long_to_read_or_to_change_is_refused_at_once(client, address):
    text = CONFIG + "[[z]]\na=1\n" * 20_000
    body = {"text": text} | ({"changes": [{"key": ["title"], "value": "x"}]} if address == "edit" else {})
    began = time.process_time()
    answer = client.post(f"/api/config/{address}", json=body)
    assert if_idle(time.process_time() - began) < 1
    assert "2,001 or more sections" in answer.text


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([{"key": ["x"], "value": [1] * 30_000}], "20,000 items at most"),
        ([{"key": ["x"], "value": {f"k{number}": 1 for number in range(5000)}}], "change less at once"),
        ([{"key": ["title"], "value": str(number)} for number in range(150)], "change less at once"),
    ],
)
def test_changes_that_would_take_long_are_refused_before_they_are_made(client, changes, word):
    answer = edit(client, changes, CONFIG + "".join(f"k{number} = 1\n" for number in range(1000)))
    assert answer.status_code == 422
    assert word in answer.json()["error"]


# --- earlier forms -----------------------------------------------------------------------------------

EARLIER = """\
title = "Stage" # mine
log = true # all of it
[model]
dimension = 3
[midi]
in_device = "X-TOUCH" # left hand
out_device = "Volca"
input = [
  ["control_change", 1, 7], # left
  ["pitch_bend", 1],
]
output = [["note_on", 1], ["note_on", 2], ["note_on", 3]]
[osc]
server_port = "5000"
"""


def test_an_earlier_form_is_told_as_values_of_the_present_one_with_a_line(client, site):
    site.workspace.config.write_text(EARLIER)
    told = client.get("/api/config").json()
    assert told["text"] == EARLIER
    assert told["values"]["midi"]["in_device"] == ["X-TOUCH"]
    assert told["values"]["midi"]["input"] == {"X-TOUCH": [["control_change", 1, 7], ["pitch_bend", 1]]}
    assert len(told["values"]["midi"]["output"]["Volca"]) == 3, "what is beyond the controls can be edited"
    assert told["values"]["osc"]["server_port"] == 5000
    assert told["values"]["log_input"] is True
    assert told["problems"] == []
    assert told["understood"].startswith("earlier form understood: log is log_input; ")
    assert "the first 2 entries are played" in told["understood"]


def test_problems_lead_to_the_form_and_to_the_line_of_the_text(client):
    text = EARLIER.replace('"pitch_bend"', '"pitch_band"')
    (problem,) = client.post("/api/config/check", json={"text": text}).json()["problems"]
    assert problem["key"] == "midi.input[1]"
    assert problem["path"] == ["midi", "input", "X-TOUCH", 1]
    assert problem["line"] == 10


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"key": ["title"], "value": "Studio"}, 'title = "Studio" # mine'),
        ({"key": ["model", "sigmatemp"], "value": 0.5}, "sigmatemp = 0.5"),
        ({"key": ["osc", "client_port"], "value": 7000}, "client_port = 7000"),
        ({"key": ["interaction"], "value": {"mode": "battle"}}, 'mode = "battle"'),
    ],
)
def test_an_edit_elsewhere_leaves_an_earlier_form_as_it_is(client, change, line):
    told = edit(client, [change], EARLIER).json()
    assert line in told["text"]
    for row in EARLIER.splitlines():
        assert row in told["text"] or row.startswith("title")
    assert told["understood"]


@pytest.mark.parametrize(
    "change",
    [
        {"key": ["midi", "input", "X-TOUCH"], "value": [["control_change", 1, 8], ["pitch_bend", 1]]},
        {"key": ["midi", "in_device"], "value": ["X-TOUCH", "QuNeo"]},
        {"key": ["midi", "output", "Volca"], "value": [["note_on", 1], ["note_on", 3]]},
        {"key": ["osc", "server_port"], "value": 5001},
        {"key": ["log_input"], "value": False},
        {"key": ["midi", "output", "Volca"], "remove": True},
        {"key": ["midi"], "remove": True},
    ],
)
@pytest.mark.slow
def test_an_edit_of_what_stands_otherwise_writes_the_present_form_first(client, site, change):
    told = edit(client, [change], EARLIER).json()
    wanted = edit(client, [change], client.post("/api/config/upgrade", json={"text": EARLIER}).json()["text"]).json()
    found = told["values"]
    for key in change["key"]:
        found = found.get(key) if found is not None else None
    assert found == change.get("value")
    assert "# mine" in told["text"]
    assert "log_input" in told["text"]
    if "Volca" in change["key"]:
        assert told["values"] == wanted["values"]
    assert site.workspace.config.read_text() == CONFIG


def test_the_present_form_can_be_asked_for_and_saving_it_keeps_every_earlier_file(client, site):
    config = site.workspace.config
    config.write_text(EARLIER)
    backup = config.with_name("config.toml.bak")
    backup.write_text("# what the user kept")
    told = client.post("/api/config/upgrade", json={"text": EARLIER}).json()
    assert told["understood"] == ""
    assert '# ["note_on", 3]' not in told["values"]
    for comment in ("# mine", "# all of it", "# left hand", "# left"):
        assert comment in told["text"]
    assert config.read_text() == EARLIER
    assert save(client, told["text"]).status_code == 200
    assert config.read_text() == told["text"]
    assert backup.read_text() == EARLIER
    assert backup.with_name("config.toml.bak.1").read_text() == "# what the user kept"


def test_the_present_form_stays_as_it_is(client):
    told = client.post("/api/config/upgrade", json={"text": CONFIG}).json()
    assert (told["text"], told["understood"]) == (CONFIG, "")
    assert client.post("/api/config/upgrade", json={"text": "[model"}).status_code == 422


def test_a_scene_joins_an_earlier_form(client, site):
    site.workspace.config.write_text(EARLIER)
    assert client.put("/api/scenes/verse", json={"mode": "battle"}).status_code == 200
    assert site.workspace.config.read_text().startswith(EARLIER)


# --- saving ------------------------------------------------------------------------------------------


def save(client, text, stamp=None):
    stamp = client.get("/api/config").json()["stamp"] if stamp is None else stamp
    return client.put("/api/config", json={"text": text, "stamp": stamp})


def test_saving_keeps_the_previous_version_and_tells_the_pages(client, site):
    text = CONFIG.replace("Stage", "Studio")
    told = save(client, text).json()
    assert told["text"] == text
    assert site.workspace.config.read_text() == text
    assert site.workspace.config.with_name("config.toml.bak").read_text() == CONFIG
    assert site.hub.changes == ["config"]
    (version,) = client.get("/api/config/previous").json()
    assert version["size"] == len(CONFIG)
    assert "T" in version["time"]
    draft = client.post(f"/api/config/previous/{version['name']}").json()
    assert draft == {"text": CONFIG}
    assert site.workspace.config.read_text() == text
    again = save(client, text)
    assert again.status_code == 200
    assert len(client.get("/api/config/previous").json()) == 1


@pytest.mark.slow
def test_fifty_versions_are_kept(client, site):
    for number in range(KEPT_VERSIONS + 5):
        assert save(client, CONFIG.replace("Stage", f"Stage {number}")).status_code == 200
    versions = client.get("/api/config/previous").json()
    assert len(versions) == KEPT_VERSIONS
    texts = [client.post(f"/api/config/previous/{each['name']}").json()["text"] for each in versions[:2]]
    assert "Stage 53" in texts[0]
    assert "Stage 52" in texts[1]


def test_what_was_changed_meanwhile_is_not_overwritten(client, site):
    stamp = client.get("/api/config").json()["stamp"]
    assert save(client, CONFIG.replace("Stage", "One"), stamp).status_code == 200
    response = save(client, CONFIG.replace("Stage", "Two"), stamp)
    assert response.status_code == 409
    assert "meanwhile" in response.json()["error"]
    assert "One" in site.workspace.config.read_text()
    assert save(client, CONFIG, "").status_code == 409


@pytest.mark.parametrize("text", ["[model]\ndimension = 1\n[osc]\nserver_port = 1e9\n", "[model", ""])
def test_what_is_wrong_is_not_saved(client, site, text):
    response = save(client, text)
    told = response.json()
    assert response.status_code == 422
    assert "cannot be saved" in told["error"]
    assert told["advice"]
    assert [problem for problem in told["problems"] if problem["level"] == "error"]
    assert {"key", "path", "message", "line", "level"} == set(told["problems"][0])
    assert site.workspace.config.read_text() == CONFIG
    assert site.hub.changes == []
    assert client.get("/api/config/previous").json() == []


def test_line_ends_and_mark_of_the_file_stay(client, site):
    content = b"\xef\xbb\xbf" + CONFIG.replace("\n", "\r\n").encode()
    site.workspace.config.write_bytes(content)
    stamp = client.get("/api/config").json()["stamp"]
    assert save(client, CONFIG.replace("Stage", "Studio"), stamp).status_code == 200
    assert site.workspace.config.read_bytes() == content.replace(b"Stage", b"Studio")


def test_a_disk_that_refuses_is_a_sentence_and_changes_nothing(client, site):
    (site.workspace.private).write_text("a file where a folder should be")
    response = save(client, CONFIG.replace("Stage", "Studio"))
    assert response.status_code in (422, 507)
    assert ".impsy" in response.json()["error"]
    assert site.workspace.config.read_text() == CONFIG


def test_the_file_can_be_downloaded(client, site):
    response = client.get("/api/config/file")
    assert response.text == CONFIG
    assert "attachment" in response.headers["content-disposition"]
    assert "config.toml" in response.headers["content-disposition"]
    site.workspace.config.unlink()
    assert client.get("/api/config/file").status_code == 404


@pytest.mark.parametrize("name", ["..", "../config.toml", "nothing.toml", ".x", "%2e%2e", "a%00b"])
def test_versions_are_only_those_that_were_kept(client, site, name):
    response = client.post(f"/api/config/previous/{name}")
    assert response.status_code in (404, 405, 422)
    assert "Stage" not in response.text


# --- scenes ------------------------------------------------------------------------------------------


def test_scenes_come_and_go_with_comments_kept(client, site):
    assert client.put("/api/scenes/verse one", json={"mode": "battle", "threshold": 0.5}).json()["mode"] == "battle"
    assert client.put("/api/scenes/chorus", json={"pitemp": 2, "model": "m.tflite"}).status_code == 200
    assert client.put("/api/scenes/verse one", json={"timescale": 2}).status_code == 200
    config = load_config(site.workspace.config).config
    assert config.scenes["verse one"].model_dump(exclude_none=True) == {"timescale": 2}
    assert config.scenes["chorus"].pitemp == 2
    scenes = client.get("/api/overview").json()["scenes"]
    assert [scene["name"] for scene in scenes] == ["verse one", "chorus"]
    assert scenes[0]["timescale"] == 2
    assert scenes[0]["mode"] is None
    assert client.delete("/api/scenes/verse one").status_code == 200
    assert client.delete("/api/scenes/verse one").status_code == 404
    assert client.delete("/api/scenes/chorus").status_code == 200
    assert client.get("/api/overview").json()["scenes"] == []
    assert tomllib.loads(site.workspace.config.read_text()) == tomllib.loads(CONFIG)
    for comment in ("# mine", "# two knobs", "# left"):
        assert comment in site.workspace.config.read_text()
    assert site.hub.changes == ["config"] * 5
    assert len(client.get("/api/config/previous").json()) == 5


@pytest.mark.parametrize("body", [{"mode": "jazz"}, {"threshold": -1}, {"timescale": 0}, {"model": ""}, {"x": 1}])
def test_a_scene_that_makes_no_sense_is_refused(client, site, body):
    assert client.put("/api/scenes/verse", json=body).status_code == 422
    assert site.workspace.config.read_text() == CONFIG


@pytest.mark.parametrize("name", ["%20", "a" * 61, "a%0ab", "%00"])
def test_a_scene_needs_a_name(client, site, name):
    assert client.put(f"/api/scenes/{name}", json={"pitemp": 1}).status_code == 422
    assert site.workspace.config.read_text() == CONFIG


def test_a_scene_in_a_broken_or_missing_file_is_a_sentence(client, site):
    site.workspace.config.write_text("scenes = 3\n[model]\ndimension = 3\n")
    assert client.put("/api/scenes/a", json={"pitemp": 1}).status_code == 422
    assert client.delete("/api/scenes/a").status_code == 404
    site.workspace.config.write_text("[model")
    assert client.put("/api/scenes/a", json={"pitemp": 1}).status_code == 422
    site.workspace.config.unlink()
    assert client.put("/api/scenes/a", json={"pitemp": 1}).status_code == 404


# --- whatever comes ----------------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_key = st.lists(
    st.sampled_from(["model", "midi", "input", "X-TOUCH", "dimension", "osc", "scenes", "title"])
    | st.text(max_size=5),
    max_size=5,
)
_change = st.fixed_dictionaries({"key": _key}, optional={"value": _json, "remove": st.booleans(), "x": st.just(1)})
_text = (
    st.text(max_size=60)
    | st.just(CONFIG)
    | st.builds(
        lambda cut, more: CONFIG[:cut] + more + CONFIG[cut:], st.integers(0, len(CONFIG)), st.text(max_size=9)
    )
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzed")
    (folder / "config.toml").write_text(CONFIG)
    return client_of(make_site(folder))


def send(client, method, path, body):
    content = json.dumps(body).encode()
    return client.request(method, path, content=content, headers={"content-type": "application/json"})


@FUZZ
@given(text=_text, changes=st.lists(_change, max_size=3))
@pytest.mark.slow
def test_any_edit_is_answered_in_words(fuzzed, text, changes):
    response = send(fuzzed, "POST", "/api/config/edit", {"text": text, "changes": changes})
    assert response.status_code in (200, 422)
    told = response.json()
    if response.status_code == 200:
        assert set(told) == {"text", "values", "problems", "understood"}
    else:
        assert told["error"]


@FUZZ
@given(text=_text)
@pytest.mark.slow
def test_any_text_is_checked(fuzzed, text):
    response = send(fuzzed, "POST", "/api/config/check", {"text": text})
    assert response.status_code == 200
    told = response.json()
    assert told["values"] is not None or told["problems"]


@FUZZ
@given(text=_text, good=st.booleans())
@pytest.mark.slow
def test_any_save_is_answered_in_words(fuzzed, text, good):
    stamp = fuzzed.get("/api/config").json()["stamp"] if good else "x"
    response = send(fuzzed, "PUT", "/api/config", {"text": text, "stamp": stamp})
    assert response.status_code in ((200, 422) if good else (409, 422))


@FUZZ
@given(body=_json, path=st.sampled_from(["check", "edit"]))
@pytest.mark.slow
def test_any_body_is_answered_in_words(fuzzed, body, path):
    response = send(fuzzed, "POST", f"/api/config/{path}", body)
    assert response.status_code == 422
    assert response.json()["error"]


@FUZZ
@given(
    name=st.text(min_size=1, max_size=70),
    body=st.dictionaries(
        st.sampled_from(["mode", "threshold", "sigmatemp", "pitemp", "timescale", "model", "x"]),
        st.none()
        | st.floats()
        | st.integers(-2, 3)
        | st.sampled_from(["battle", "m.tflite", ""])
        | st.text(max_size=4),
        max_size=3,
    ),
)
@pytest.mark.slow
def test_any_scene_is_answered_in_words_and_keeps_the_file_valid(tmp_path_factory, name, body):
    path = tmp_path_factory.getbasetemp() / "scenes"
    path.mkdir(exist_ok=True)
    (path / "config.toml").write_text(CONFIG)
    client = client_of(make_site(path))
    address = f"/api/scenes/{quote(name, safe='')}"
    response = send(client, "PUT", address, body)
    if "/" in name or name in (".", ".."):
        assert response.status_code in (307, 404)  # no address can hold it
        return
    assert response.status_code in (200, 422)
    load_config(path / "config.toml")
    if response.status_code == 200:
        assert client.get("/api/overview").json()["scenes"][0]["name"] == name
    else:
        assert response.json()["error"]
    assert client.delete(address).status_code == (200 if response.status_code == 200 else 404)


def test_the_stamp_is_of_the_content(tmp_path):
    file = ConfigFile(Workspace(tmp_path))
    stamps = [file.read().stamp]
    for content in (b"", b"x"):
        file.path.write_bytes(content)
        stamps.append(file.read().stamp)
    assert stamps[0] == ""
    assert len(set(stamps)) == 3
