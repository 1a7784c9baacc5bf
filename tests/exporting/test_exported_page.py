"""The page of one file, and the site: whole, safe, and nothing asked of anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import ConfigError
from impsy.exporting import page as exporting
from impsy.exporting.page import PackedModel, one_file, site_files
from impsy.protocol.instrument import Instrument
from impsy.protocol.workspace import Scene

MODELS = (PackedModel("mine.tflite", 5, b"\x00\xffpacked", {"made_by": "IMPSY 2", "curve": [1, 2]}),)
SCRIPT = 'const a = "</script> x";'


@pytest.fixture(autouse=True)
def built(tmp_path_factory, monkeypatch):
    """Files as building makes them."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "instrument.js").write_text(SCRIPT)
    (folder / "instrument.css").write_text(".a { color: red }")
    (folder / "licences.md").write_text("## preact <preact@example.org>")
    (folder / "service-worker.js").write_text("self;")
    for name in ("icon.svg", "icon-180.png", "icon-512.png"):
        (folder / name).write_bytes(name.encode())
    monkeypatch.setattr(exporting, "STATIC", folder)
    monkeypatch.setattr(exporting, "PAGES", folder)
    return folder


def instrument(title="Evening set", scenes=()):
    return Instrument("2.0", title, 5, {"mode": "duet"}, [], True, False, [], list(scenes), [], False)


class _Elements(HTMLParser):
    """The elements of a page, each with its attributes and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes), ""))

    def handle_data(self, data):
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def one(self, tag, **wanted):
        (found,) = [each for each in self.found if each[0] == tag and wanted.items() <= each[1].items()]
        return found

    def text(self, tag, **wanted):
        return self.one(tag, **wanted)[2].rstrip()


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@given(st.text(max_size=40), st.text(min_size=1, max_size=20))
@pytest.mark.slow
def test_whatever_a_configuration_calls_things_the_page_is_whole(title, name):
    scene = Scene.model_construct(name=name, **dict.fromkeys(Scene.model_fields.keys() - {"name"}))
    elements = _Elements(one_file(instrument(title, [scene]), MODELS))
    content = json.loads(elements.text("script", id="instrument"))
    assert content["title"] == title
    assert content["scenes"][0]["name"] == name
    assert [tag for tag, _, _ in elements.found].count("script") == 4


def test_the_file_runs_its_own_script_only_and_connects_to_nobody():
    elements = _Elements(one_file(instrument(), MODELS))
    _, meta, _ = elements.one("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.split(maxsplit=1) for rule in meta["content"].split("; "))
    script, style = elements.text("script", type="module"), elements.text("style")
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"{hash_of(script)} 'wasm-unsafe-eval'"
    assert rules["style-src"] == hash_of(style)
    assert "connect-src" not in rules
    assert script == 'const a = "<\\/script> x";'
    assert not re.search(r'(?:src|href)="(?!data:|#)', one_file(instrument(), MODELS).decode())


def test_the_models_are_in_the_file_with_what_their_makers_say():
    elements = _Elements(one_file(instrument(), MODELS))
    (model,) = json.loads(elements.text("script", id="instrument"))["models"]
    assert model == {"name": "mine.tflite", "dimension": 5, "place": "#model-1", "facts": {"made_by": "IMPSY 2"}}
    assert base64.b64decode(elements.text("script", id="model-1")) == MODELS[0].packed


def test_a_site_has_all_files_that_it_names():
    several = [*MODELS, PackedModel("Über mir.tflite", 5, b"a"), PackedModel("Uber mir.tflite", 5, b"b")]
    files = site_files(instrument(), several)
    elements = _Elements(files["index.html"])
    content = json.loads(elements.text("script", id="instrument"))
    assert content["site"] is True
    places = [model["place"] for model in content["models"]]
    assert len(set(places)) == 3
    assert all(re.fullmatch(r"models/[A-Za-z0-9._-]+\.txt", place) for place in places)
    named = [each for _, attributes, _ in elements.found for key in ("href", "src") if (each := attributes.get(key))]
    manifest = json.loads(files["manifest.webmanifest"])
    named += [icon["src"] for icon in manifest["icons"]] + places
    assert set(named) <= set(files)
    worker = files["service-worker.js"].decode()
    kept = json.loads(re.search(r"^const FILES = (.*);$", worker, re.MULTILINE)[1])
    assert set(kept) == {"./"} | (set(files) - {"index.html", "service-worker.js"})


def test_another_content_is_another_version_of_the_site():
    versions = {
        re.search(r'VERSION = "(\w+)"', site_files(instrument(title), models)["service-worker.js"].decode())[1]
        for title, models in (("a", MODELS), ("b", MODELS), ("a", ()), ("a", MODELS))
    }
    assert len(versions) == 3


def test_a_page_that_is_not_built_says_how_it_is(built):
    (built / "instrument.js").unlink()
    with pytest.raises(ConfigError, match="npm run build"):
        one_file(instrument(), MODELS)
