"""The instrument in one HTML file: opened from the disk with the network off, played, heard and recorded."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from instrument import drag, faders_of, show_numbers, turn_to, until
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE, SCREENS
from test_sound import HEARD
from test_web_midi import PORTS

from bench.browser import quiet
from impsy.cli.main import group
from impsy.config.workspace import STARTER_MODEL, template_file
from impsy.data.datasets import read_dataset
from impsy.presets import PRESETS
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

ANSWERS = """() => [...document.querySelectorAll("[role=slider]")].map(
  (fader) => fader.getAttribute("aria-valuetext")?.match(/it: (\\d+)/)?.[1] ?? "").join()"""
PEAK = "Math.max(...impsySound.samples().map(Math.abs))"

CONFIG = """\
title = "Evening set"
log_predictions = true
[interaction]
mode = "callresponse"
threshold = 0.2
[model]
dimension = 9
file = "{model}"
[midi]
in_device = ["Keys"]
out_device = ["Synth"]
input."Keys" = [["control_change", 1, 1], ["control_change", 1, 2], ["control_change", 1, 3],
  ["control_change", 1, 4], ["control_change", 1, 5], ["control_change", 1, 6], ["control_change", 1, 7],
  ["control_change", 1, 8]]
[scenes.verse]
mode = "duet"
sigmatemp = 0.5
[[controls]]
name = "melody"
[[controls]]
enabled = false
[clock]
source = "internal"
tempo = 100
"""


MIDI = """\
title = "Keys"
[interaction]
mode = "useronly"
input_thru = true
[model]
dimension = 9
file = "{model}"
[midi]
in_device = ["Keys"]
out_device = ["Synth"]
input."Keys" = [["note_on", 1], {knobs}]
output."Synth" = [["note_on", 2], {knobs}]
[clock]
source = "midi"
"""
KNOBS = ", ".join(f'["control_change", 1, {20 + number}]' for number in range(7))
TICKING = """() => {
  devices.turn([0xfa]);
  globalThis.ticking = setInterval(() => devices.turn([0xf8]), 20);
}"""


def export(*arguments):
    result = CliRunner().invoke(group, ["export-page", *map(str, arguments)])
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.output


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    """A page of a configuration, with the model that comes with IMPSY."""
    folder = tmp_path_factory.mktemp("evening")
    (folder / "config.toml").write_text(CONFIG.format(model=template_file(STARTER_MODEL)))
    export("-c", folder / "config.toml", "-o", folder / "evening.html")
    return folder / "evening.html"


@pytest.fixture
def opened(chromium, evening):
    """That page, from the disk, in a browser without a network."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    told = quiet(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(evening.as_uri() + "#measure")
    expect(page.get_by_role("heading", level=1)).to_have_text("Perform")
    until(page, "document.querySelectorAll('[role=slider]').length > 0")
    yield page
    context.close()
    assert not told
    assert not [address for address in asked if not address.startswith(("file:", "data:", "blob:"))]


def choose(page, mode):
    page.get_by_role("radio", name=mode, exact=True).click(force=True)
    expect(page.get_by_role("radio", name=mode, exact=True)).to_be_checked()


def fader(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def test_the_file_is_small(evening):
    assert evening.stat().st_size < 1_200_000


@pytest.mark.parametrize("mode", ["Call and response", "Together", "By itself", "Duet"])
def test_faders_move_by_mouse_and_are_answered(opened, mode):
    choose(opened, mode)
    before = opened.evaluate(ANSWERS)
    drag(opened, fader(opened, "melody"), 0.2, 0.8)
    expect(fader(opened, "melody")).to_have_attribute("aria-valuenow", "80")
    wait_until(lambda: opened.evaluate(ANSWERS) != before, what="an answer")


def test_listen_only_answers_nothing(opened):
    choose(opened, "Listen only")
    until(opened, "[...document.querySelectorAll('.fader')].every((each) => each.getAttribute('aria-valuetext'))")
    opened.wait_for_timeout(1000)  # for what is still drawn of before
    before = opened.evaluate(ANSWERS)
    drag(opened, fader(opened, "melody"), 0.2, 0.8)
    opened.wait_for_timeout(1000)
    assert opened.evaluate(ANSWERS) == before


def test_presets_are_those_of_everywhere(opened):
    for name in ("Calm", "Wild"):
        preset = PRESETS[name.lower()]
        opened.get_by_role("radio", name=name, exact=True).click(force=True)
        expect(opened.get_by_role("radio", name=name, exact=True)).to_be_checked()
        numbers = opened.locator("details.numbers > summary")
        expect(numbers).to_contain_text(f"Variation {preset.values['sigma_temperature']:g},")
        expect(numbers).to_contain_text(f"Speed {preset.values['timescale']:g} ×")
    show_numbers(opened)
    opened.get_by_role("slider", name="Speed").press("Home")
    expect(opened.get_by_role("group", name="Preset").locator("input:checked")).to_have_count(0)


def test_faders_move_by_touch(chromium, evening):
    context = chromium.new_context(
        **SCREENS["phone, light"] | {"viewport": {"width": 400, "height": 800}}, offline=True
    )
    page = context.new_page()
    page.goto(evening.as_uri())
    choose(page, "Duet")
    box = fader(page, "melody").locator(".track").bounding_box()
    touch = context.new_cdp_session(page)
    x, bottom, height = box["x"] + box["width"] / 2, box["y"] + box["height"], box["height"]
    for kind, place in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.75), ("touchEnd", None)):
        points = [] if place is None else [{"x": x, "y": bottom - place * height, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(30)
    expect(fader(page, "melody")).to_have_attribute("aria-valuenow", "75")
    expect(page.get_by_role("banner").get_by_role("button", name="Mute the sound")).to_be_visible()
    context.close()


def test_it_sounds_from_the_first_touch_and_is_not_clipped(opened):
    choose(opened, "By itself")
    expect(opened.get_by_role("banner").get_by_role("button", name="Mute the sound")).to_be_visible()
    until(opened, f"{HEARD} > 0.001")
    assert opened.evaluate(PEAK) < 1.0
    heard = opened.evaluate("() => impsySound.measure({ patch: 'glass', controls: 8, seconds: 2 })")
    assert heard["bad"] == 0
    assert heard["rms"] > 0.005
    assert heard["peak"] < 1.0


def test_commands_and_settings(opened):
    opened.get_by_role("button", name="Pause").click()
    expect(opened.get_by_role("banner").get_by_text("Paused")).to_be_visible()
    opened.get_by_role("button", name="Go on").click()
    expect(opened.get_by_role("banner").get_by_text("Playing")).to_be_visible()
    opened.get_by_role("button", name="verse", exact=True).click()
    expect(opened.get_by_role("radio", name="Duet")).to_be_checked()
    show_numbers(opened)
    expect(opened.get_by_role("spinbutton", name="Variation, number")).to_have_value("0.5")
    hold = opened.get_by_role("spinbutton", name="Hold, number", exact=True)
    hold.fill("60")
    hold.press("Enter")
    expect(opened.get_by_role("button", name="verse", exact=True)).to_have_attribute("aria-pressed", "true")
    fader(opened, "melody").scroll_into_view_if_needed()
    drag(opened, fader(opened, "melody"), 0.2, 0.8)
    expect(opened.locator(".fader.held")).to_have_count(1)
    tempo = opened.get_by_role("spinbutton", name="Tempo, BPM")
    expect(tempo).to_have_value("100")
    opened.get_by_role("button", name="Another").click()
    opened.get_by_role("button", name="Reset").click()
    opened.get_by_role("banner").get_by_role("button", name="Panic").click()
    opened.get_by_role("button", name="Save as scene …").click()
    opened.get_by_role("textbox", name="Name").fill("chorus")
    opened.get_by_role("button", name="Save", exact=True).click()
    expect(opened.get_by_role("button", name="chorus", exact=True)).to_be_visible()
    opened.get_by_role("button", name="Delete the scene chorus").click()
    expect(opened.get_by_role("button", name="chorus", exact=True)).to_have_count(0)


def test_what_the_model_will_play_is_shown(opened):
    choose(opened, "By itself")
    expect(opened.get_by_text(re.compile(r"^The model's next event"))).to_be_visible()


def test_a_recording_becomes_a_dataset(opened, tmp_path):
    choose(opened, "Together")
    for number in range(3):
        drag(opened, fader(opened, "melody"), 0.1, 0.9 - 0.1 * number, steps=40)
    opened.get_by_role("button", name="Mark").click()
    drag(opened, fader(opened, "melody"), 0.1, 0.9, steps=10)
    turn_to(opened, "Files")
    with opened.expect_download() as download:
        opened.get_by_role("button", name="Save the take").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-9d-mdrnn\.log", name)
    (tmp_path / "logs").mkdir()
    download.value.save_as(tmp_path / "logs" / name)
    text = (tmp_path / "logs" / name).read_text()
    assert ",interface," in text
    assert ",rnn," in text
    result = CliRunner().invoke(
        group, ["dataset", "-D", "9", "-S", str(tmp_path / "logs"), "-O", str(tmp_path / "datasets")]
    )
    assert result.exit_code == 0, result.output
    dataset = read_dataset(tmp_path / "datasets" / "training-dataset-9d.npz")
    assert len(dataset.events) == text.count(",interface,") - 1
    assert re.search(r"^# 20\d\d-\S+ mark$", text, re.MULTILINE)
    assert dataset.events[:, 1:].min() >= 0
    assert dataset.events[:, 1:].max() <= 1
    expect(opened.get_by_text("all saved")).to_be_visible()
    opened.get_by_role("button", name="New take").click()
    expect(opened.get_by_text("Nothing is recorded yet")).to_be_visible()


def test_a_model_of_a_released_version_plays(opened, shared_data):
    released = sorted((shared_data / "models").glob("*.tflite"))
    assert released
    turn_to(opened, "Files")
    for path in released:
        opened.get_by_label("Open a model", exact=True).set_input_files(path)
        expect(opened.get_by_text(f"It plays with {path.name} now.")).to_be_visible()
        turn_to(opened, "Perform")
        choose(opened, "By itself")
        before = opened.evaluate(ANSWERS)
        wait_until(lambda: opened.evaluate(ANSWERS) != before, what=f"{path.name} plays")  # noqa: B023
        turn_to(opened, "Files")
    # What was recorded with other faders is not lost.
    earlier = opened.get_by_role("button", name=re.compile(r"^Save 20\d\d-"))
    with opened.expect_download() as download:
        earlier.first.click()
    assert download.value.suggested_filename.endswith("d-mdrnn.log")


def test_what_is_no_model_is_refused_in_a_sentence(opened, tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"ID3 not a model")
    turn_to(opened, "Files")
    opened.get_by_label("Open a model", exact=True).set_input_files(tmp_path / "song.mp3")
    expect(opened.get_by_text("Choose a .tflite file")).to_be_visible()
    turn_to(opened, "Perform")
    expect(opened.get_by_role("banner").get_by_text("Playing")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("place", ["/", "/sound", "/files"])
def test_everybody_can_use_it(chromium, evening, place, screen):
    context = chromium.new_context(**SCREENS[screen], bypass_csp=True)
    page = context.new_page()
    page.goto(f"{evening.as_uri()}#{place}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(700)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    violations = page.evaluate(AUDIT)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert not violations, "\n".join(violations)
    assert wide <= 0


def test_midi_devices_are_mapped_as_the_configuration_says(chromium, tmp_path):
    config = MIDI.format(model=template_file(STARTER_MODEL), knobs=KNOBS)
    (tmp_path / "config.toml").write_text(config)
    export("-c", tmp_path / "config.toml", "-o", tmp_path / "keys.html")
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    told = quiet(page)
    page.add_init_script(PORTS)
    page.goto((tmp_path / "keys.html").as_uri() + "#/sound")
    page.get_by_role("button", name="Use MIDI devices").click()
    page.get_by_label("What plays").select_option("Knobs")
    page.get_by_label("What is played").select_option("Synth")
    page.get_by_role("button", name="Monitor").click()
    monitor = page.get_by_role("region", name="Monitor", exact=True)
    expect(monitor.get_by_text("Nothing has passed yet.")).to_be_visible()
    # It begins to listen after it was drawn, by the page's own clock.
    page.evaluate("() => new Promise((done) => setTimeout(done, 500))")

    # What is passed on is struck by a key as often as it is pressed, and ends when it is let go of.
    page.evaluate("[[0x90, 60, 100], [0x80, 60, 0], [0x90, 60, 90]].forEach(devices.turn)")
    until(page, "devices.synth.sent.length >= 3")
    assert page.evaluate("devices.synth.sent") == [[0x91, 60, 127], [0x81, 60, 0], [0x91, 60, 127]]
    messages = monitor.locator("tbody tr")
    expect(messages).to_have_count(6)
    expect(messages.first).to_contain_text("note on, note 60 (C4)")
    expect(messages.first.locator("code")).to_have_text("91 3c 7f")
    page.get_by_role("button", name="Close the monitor").click()
    expect(monitor).to_have_count(0)
    page.evaluate("devices.turn([0xb0, 21, 127])")
    turn_to(page, "Perform")
    expect(faders_of(page).nth(2)).to_have_attribute("aria-valuenow", "100")
    assert page.evaluate("devices.synth.sent.at(-1)") == [0xB0, 21, 127]
    page.get_by_role("banner").get_by_role("button", name="Panic").click()
    until(page, "devices.synth.sent.some(([status, controller]) => status === 0xb1 && controller === 123)")
    assert [0x81, 60, 0] in page.evaluate("devices.synth.sent.slice(3)")

    expect(page.get_by_text("no MIDI clock comes")).to_be_visible()
    page.evaluate(TICKING)
    expect(page.get_by_text("follows MIDI clock")).to_be_visible()
    page.evaluate("clearInterval(ticking)")
    context.close()
    assert not told


# --- the site -------------------------------------------------------------------------------------------


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path):
    """A site of two models in a folder of a host; its address and its folder."""
    other = tmp_path / "other.tflite"
    shutil.copy(template_file(STARTER_MODEL), other)
    folder = tmp_path / "host" / "music" / "impsy"
    export(template_file(STARTER_MODEL), other, "--site", folder)
    handler = functools.partial(_Quiet, directory=tmp_path / "host")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/music/impsy/", folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_site_plays_offline_after_the_first_visit(chromium, site):
    address, folder = site
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    told = quiet(page)
    page.goto(address)
    expect(page.get_by_role("banner").get_by_text("Playing")).to_be_visible()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    shutil.move(folder, folder.parent / "gone")
    context.set_offline(True)
    page.reload()
    expect(page.get_by_role("banner").get_by_text("Playing")).to_be_visible()
    turn_to(page, "Files")
    page.get_by_role("button", name="Play with other.tflite").click()
    expect(page.get_by_role("button", name="other.tflite plays")).to_be_visible()
    turn_to(page, "Perform")
    choose(page, "By itself")
    before = page.evaluate(ANSWERS)
    wait_until(lambda: page.evaluate(ANSWERS) != before, what="it plays")
    context.close()
    assert not told


def test_faders_are_those_of_the_model(chromium, site):
    page = chromium.new_page()
    page.goto(site[0])
    expect(faders_of(page)).to_have_count(8)
    page.close()


def test_the_files_are_those_of_the_folder(site):
    assert {path.name for path in Path(site[1]).iterdir()} >= {"index.html", "manifest.webmanifest", "models"}
