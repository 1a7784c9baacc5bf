"""Every page by axe-core: what a keyboard, a screen reader and weak eyes need (WCAG 2.2, A and AA)."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import write_take
from playwright.sync_api import expect

from bench.browser import WebInterface
from impsy.config.workspace import STARTER_MODEL, create_workspace
from ports import free_ports
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
AUDIT = """async () => {
  const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { runOnly: { type: "tag", values } });
  const words = (node) => `${node.target}: ${node.any.map((each) => each.message)}`;
  return found.violations.map((rule) => `${rule.id}, ${rule.help}: ${rule.nodes.map(words).join(" | ")}`);
}"""
SHIFTS = """window.shifts = [];
const where = ({ node, previousRect, currentRect }) => [node?.outerHTML?.slice(0, 60), previousRect.y, currentRect.y];
const told = (each) => ({ share: each.value, at: each.startTime, what: each.sources.map(where) });
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(told)))
  .observe({ type: "layout-shift", buffered: true });"""
"""What was moved by what came later, and what share of the screen, by Chromium's measure."""
PLACES = ("/", "/sound", "/setup", "/setup#controls", "/record", "/learn", "/models", "/system")
# Tall, so that what is fixed to a screen's end covers nothing while it is looked at.
SCREENS = {
    "desktop, dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone, light": {"viewport": {"width": 360, "height": 6000}, "color_scheme": "light", "has_touch": True},
}

CONFIG = """\
title = "Evening set"
[interaction]
mode = "battle"
[model]
dimension = 9
file = "{model}"
[midi]
in_device = ["A controller that is not there"]
input."A controller that is not there" = [["note_on", 1], ["control_change", 1, 1], ["control_change", 1, 2],
  ["control_change", 1, 3], ["control_change", 1, 4], ["control_change", 1, 5], ["control_change", 1, 6],
  ["pitch_bend", 1]]
[scenes.verse]
mode = "polyphony"
[[controls]]
name = "melody"
scale = "dorian"
[[controls]]
enabled = false
[commands]
pause = ["control_change", 16, 64, "A controller that is not there"]
[webui]
monitor_port = {monitor}
command_port = {command}
"""


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A workspace that has been used, with a session that plays."""
    folder = tmp_path_factory.mktemp("audit") / "evening-set"
    create_workspace(folder)
    monitor, command = free_ports(2)
    (folder / "config.toml").write_text(CONFIG.format(model=STARTER_MODEL, monitor=monitor, command=command))
    for number in range(3):
        write_take(folder / "logs", number)
    with WebInterface(folder) as web:
        web.post("/api/datasets", {"takes": None})
        web.post("/api/session/start")
        wait_until(lambda: web.get("/api/session")["state"])
        web.post("/api/performer", {"running": True})
        yield web


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit") / "empty"
    folder.mkdir()
    with WebInterface(folder) as web:
        yield web


def audit(chromium, web, place, screen):
    context = chromium.new_context(**SCREENS[screen])
    try:
        page = context.new_page()
        page.add_init_script(SHIFTS)
        page.goto(web.url + place)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_timeout(700)
        shifts = page.evaluate("shifts")
        page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
        violations = page.evaluate(AUDIT)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    finally:
        context.close()
    assert not violations, "\n".join(violations)
    # A phone as tall as this one shows what others would be scrolled to.
    if screen.startswith("desktop"):
        assert sum(each["share"] for each in shifts) < 0.05, f"what was being read was pushed away: {shifts}"
    assert wide <= 0, f"it can be scrolled sideways by {wide} px"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("place", [*PLACES, "/setup#commands"])
def test_a_workspace_that_is_played(chromium, furnished, place, screen):
    audit(chromium, furnished, place, screen)


@pytest.mark.parametrize("place", PLACES)
def test_an_empty_folder(chromium, empty, place):
    audit(chromium, empty, place, "phone, light")


BY_KEY = """window.byKey = {
  reached: new WeakSet(),
  unseen: [],
  at() {
    const here = document.activeElement;
    if (here === document.body || this.reached.has(here)) return false;
    this.reached.add(here);
    const { outlineStyle, boxShadow } = getComputedStyle(here);
    if (here.matches("a, button, summary") && outlineStyle === "none" && boxShadow === "none")
      this.unseen.push(here.outerHTML.slice(0, 80));
    return true;
  },
  left() {
    const all = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const needed = (each) => {
      if (each.matches(":disabled, [tabindex='-1'], input[type=file], input[type=hidden]")) return false;
      if (!each.checkVisibility()) return false;
      // Of a group of radio buttons one is reached, and the arrows choose the others.
      return each.type !== "radio" || each.checked;
    };
    return [...document.querySelectorAll(all)].filter((each) => needed(each) && !this.reached.has(each))
      .map((each) => each.outerHTML.slice(0, 80));
  },
};"""
"""Which elements have had the focus; those on which it cannot be seen; and those that should have had it."""


@pytest.mark.parametrize("place", PLACES)
def test_all_that_can_be_done_is_reached_by_the_keyboard(chromium, furnished, place):
    furnished.post("/api/performer", {"running": False})
    page = chromium.new_context(**SCREENS["desktop, dark"]).new_page()
    page.goto(furnished.url + place)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(1500)
    page.evaluate(BY_KEY)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first is the way past the menu"
    while page.evaluate("byKey.at()"):
        page.keyboard.press("Tab")
    assert page.evaluate("byKey.left()") == []
    assert page.evaluate("byKey.unseen") == []
    page.context.close()
