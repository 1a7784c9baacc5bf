"""Names and titles that are made to be run are shown as text, and no script but the page's own runs."""

from __future__ import annotations

import json
import shutil

import pytest
from instrument import start_session, write_config
from played import write_take
from playwright.sync_api import expect

from bench.browser import WebInterface, quiet
from impsy.config.workspace import STARTER_MODEL, create_workspace
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

EVIL = "<img src=x onerror=window.owned=1>"
TITLE = f"{EVIL}<script>window.owned=1</script>"
MODEL = f"\"'><b>{EVIL}"
ODD = "it's &lt;b&gt; #1 %41 + ü & co"
"""As bad as a file's name may be on every system."""
TAG = "<svg onload=window.owned=1>"
DEVICE = "</title><b>"
CONFIG = f"""
[scenes.{json.dumps(EVIL)}]
mode = "battle"
[midi]
in_device = [{json.dumps(DEVICE)}]
[midi.input]
{json.dumps(DEVICE)} = [{", ".join(f'["control_change", 1, {number}]' for number in range(8))}]
"""


@pytest.fixture(scope="module")
def haunted(tmp_path_factory):
    """A workspace of which every name is bad."""
    folder = tmp_path_factory.mktemp("names") / "it's <b>bad"
    create_workspace(folder)
    write_config(folder, title=TITLE, controls=8, more=CONFIG)
    for name in (MODEL, ODD):
        shutil.copy(folder / STARTER_MODEL, folder / "models" / f"{name}.tflite")
    takes = {}
    for number in range(2):
        log = write_take(folder / "logs", number)
        takes[log.name] = {"title": f"{TITLE} {number}", "tags": [TAG]}
    (folder / "logs" / "takes.json").write_text(json.dumps({"format": 1, "takes": takes}))
    with WebInterface(folder) as web:
        web.post("/api/datasets", {"takes": None})
        shutil.copy(folder / "datasets" / "training-dataset-9d.npz", folder / "datasets" / f"{ODD}.npz")
        start_session(web)
        yield web


@pytest.fixture
def page(chromium, haunted):
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    told = quiet(page)
    page.add_init_script(
        "window.blocked = []; addEventListener('securitypolicyviolation',"
        " (event) => blocked.push([event.effectiveDirective, event.blockedURI]))"
    )
    page.told = told
    yield page
    context.close()


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/", [TITLE, EVIL]),
        ("/sound", [TITLE]),
        ("/setup", [TITLE]),
        ("/setup#midi", [DEVICE]),
        ("/setup#scenes", [EVIL]),
        ("/record", [f"{TITLE} 0", f"{TITLE} 1", TAG]),
        ("/learn", [f"{TITLE} 0", f"{ODD}.npz", f"{ODD}.tflite"]),
        ("/models", [f"{MODEL}.tflite", f"{ODD}.npz"]),
        ("/system", [TITLE]),
    ],
)
def test_names_are_shown_as_text(haunted, page, place, shown):
    page.goto(haunted.url + place)
    for text in shown:
        expect(page.get_by_text(text, exact=False).first).to_be_attached()
    page.wait_for_timeout(300)
    assert page.title().endswith(f" · {TITLE}")
    assert page.evaluate("window.owned") is None
    made = "document.querySelectorAll('img:not(.brand img), script:not([src]), svg[onload], [onerror]').length"
    assert page.evaluate(made) == 0
    assert page.evaluate("blocked") == []
    assert not page.told


def test_a_file_of_an_odd_name_is_downloaded_and_deleted(haunted, page):
    page.goto(f"{haunted.url}/models")
    model = haunted.folder / "models" / f"{ODD}.tflite"
    content = model.read_bytes()
    card = page.get_by_role("article").filter(has_text=model.name)
    with page.expect_download() as download:
        card.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == model.name
    assert download.value.path().read_bytes() == content
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    page.get_by_role("log", name="Messages").get_by_role("button", name="Undo").click()
    expect(card).to_have_count(1)
    assert model.read_bytes() == content
    assert page.evaluate("window.owned") is None
    assert not page.told


INJECTED = """() => {
  const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
  add("script", { textContent: "window.owned = 1" });
  add("script", { src: "data:text/javascript,window.owned=1" });
  add("script", { src: "https://scripts.example/owned.js" });
  add("img", { src: "https://pictures.example/x.png" });
  add("iframe", { src: "https://frames.example/" });
  document.body.insertAdjacentHTML("beforeend", "<p onclick='window.owned = 1' id='clicked'></p>");
  document.getElementById("clicked").click();
}"""


def test_no_other_script_runs_and_nothing_is_fetched_from_elsewhere(haunted, page):
    page.goto(haunted.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    arrived = []
    page.on("response", lambda response: arrived.append(response.url))
    page.evaluate(INJECTED)
    assert page.evaluate("fetch('https://elsewhere.example/').then(() => 'got', () => 'refused')") == "refused"
    wait_until(lambda: len(page.evaluate("blocked")) >= 7, what="the browser's refusals")
    blocked = [tuple(each) for each in page.evaluate("blocked")]
    assert ("script-src-elem", "inline") in blocked
    assert ("script-src-attr", "inline") in blocked
    assert ("script-src-elem", "data") in blocked
    assert {directive for directive, _ in blocked} >= {"img-src", "frame-src", "connect-src"}
    assert page.evaluate("window.owned") is None
    # What the page itself asks for comes, and nothing else.
    assert all(url.startswith(haunted.url) for url in arrived)
