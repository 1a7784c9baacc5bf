"""The monitor: what passes the ports, in words, on every page; nothing of it while it is closed."""

from __future__ import annotations

import socket

import httpx
import pytest
from instrument import start_session, state_of, write_config
from playwright.sync_api import expect
from test_accessible import AUDIT, AXE

from bench.browser import WebInterface, quiet
from impsy.codecs.osc import encode_message, encode_vector
from ports import free_ports
from waiting import wait_until

pytestmark = pytest.mark.peer("chromium")

TOKEN = "correct-horse-battery"
MORE = """\
[osc]
server_ip = "127.0.0.1"
server_port = {server}
client_ip = "127.0.0.1"
client_port = {client}
[midi]
in_device = ["A controller that is not there"]
input."A controller that is not there" = [["control_change", 1, 1], ["control_change", 1, 2]]
[[controls]]
name = "cutoff"
"""


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor") / "kitchen"
    server, client = free_ports(2)
    write_config(folder, controls=2, mode="polyphony", more=MORE.format(server=server, client=client))
    with WebInterface(folder) as web:
        start_session(web)
        wait_until(lambda: port_of(web, "osc")["state"] in ("open", "receiving"), what="the port's opening")
        web.osc = ("127.0.0.1", server)
        yield web
    assert "Traceback" not in web.text()


def port_of(web, name):
    return next(port for port in state_of(web)["ports"] if port["name"] == name)


@pytest.fixture
def hand():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        yield sending


@pytest.fixture(params=["desktop, dark", "phone, light"])
def page(request, chromium, kitchen):
    phone = request.param.startswith("phone")
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True} if phone else {}
    context = chromium.new_context(color_scheme="light" if phone else "dark", **options)
    page = context.new_page()
    told = quiet(page)
    page.goto(kitchen.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield page
    context.close()
    assert not told


def drawer_of(page):
    return page.get_by_role("region", name="Monitor", exact=True)


def rows_of(page):
    return drawer_of(page).locator("tbody tr")


def until_asked(page, kitchen, hand):
    """Send a message until it shows: the session is asked a moment after the drawer opens."""

    def shows():
        hand.sendto(encode_vector("/interface", (0.25, 0.5)), kitchen.osc)
        page.wait_for_timeout(100)
        return rows_of(page).filter(has_text="/interface 0.25 0.5").count() > 0

    wait_until(shows, what="a message in the monitor")


def test_messages_of_both_ways_in_words_and_hex(page, kitchen, hand):
    page.get_by_role("button", name="Monitor").click()
    until_asked(page, kitchen, hand)
    received = rows_of(page).filter(has_text="/interface 0.25 0.5").first
    expect(received).to_be_visible()
    expect(received).to_contain_text("127.0.0.1:")
    expect(received.locator("code")).to_contain_text("2f 69 6e 74 65 72 66 61 63 65 00 00 2c 66 66 00 3e 80 00 00")
    expect(rows_of(page).filter(has_text="/prediction").first).to_have_class("out")
    hand.sendto(encode_message("/nothing", "s", ["<b>bold</b>"]), kitchen.osc)
    wrong = rows_of(page).filter(has_text="/nothing “<b>bold</b>”").first
    expect(wrong).to_contain_text("nothing listens at the address")
    hand.sendto(b"rubbish\x1b[31m" + bytes(3), kitchen.osc)
    expect(rows_of(page).filter(has_text="not OSC").first).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    assert page.evaluate(AUDIT) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_it_stays_open_on_other_pages_and_a_port_is_seen_alone(page, kitchen, hand):
    page.get_by_role("button", name="Monitor").click()
    until_asked(page, kitchen, hand)
    page.get_by_role("link", name="System").click()
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()
    ports = drawer_of(page).get_by_role("list", name="Ports").get_by_role("button")
    expect(ports.filter(has_text="A controller that is not there")).to_contain_text("waiting")
    drawer_of(page).get_by_role("button", name="osc out").click()
    expect(rows_of(page).filter(has_text="/interface")).to_have_count(0)
    expect(rows_of(page).first).to_have_class("out")
    drawer_of(page).get_by_label("Messages to show").select_option("note")
    expect(drawer_of(page).get_by_text("Nothing of this kind has passed yet.")).to_be_visible()


def test_a_light_is_on_while_something_passes_and_goes_out(page, kitchen, hand):
    page.get_by_role("button", name="Monitor").click()
    until_asked(page, kitchen, hand)
    light = drawer_of(page).locator(".monitor-port", has_text="osc").first.locator("i.in")
    expect(light).not_to_have_class("in lit")

    def lit():
        hand.sendto(encode_vector("/interface", (0.75, 0.5)), kitchen.osc)
        page.wait_for_timeout(60)
        return "lit" in light.get_attribute("class")

    wait_until(lit, what="a light")
    expect(light).not_to_have_class("in lit")


def test_pausing_holds_the_list_and_copying_takes_what_is_shown(page, kitchen, hand, chromium):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Monitor").click()
    until_asked(page, kitchen, hand)
    drawer_of(page).get_by_role("button", name="Pause").click()
    before = rows_of(page).count()
    hand.sendto(encode_vector("/interface", (1.0, 0.0)), kitchen.osc)
    expect(drawer_of(page).get_by_role("button", name="Pause")).to_contain_text("new")
    assert rows_of(page).count() == before
    drawer_of(page).get_by_role("button", name="osc", exact=True).click()
    drawer_of(page).get_by_role("button", name="Copy").click()
    expect(page.get_by_role("log").get_by_text("copied")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0].startswith("time\tway\tport\tmessage")
    assert "\tin\tosc\t/interface 0.25 0.5\t" in lines[1]
    drawer_of(page).get_by_role("button", name="Pause").click()
    expect(rows_of(page).first).to_contain_text("/interface 1 0")
    drawer_of(page).get_by_role("button", name="Clear").click()
    expect(rows_of(page)).to_have_count(0)


def test_the_key_opens_and_closes_it_and_closed_nothing_is_asked(page, kitchen, hand):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(str(payload))))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("i")
    expect(drawer_of(page)).to_be_visible()
    until_asked(page, kitchen, hand)
    page.keyboard.press("i")
    expect(drawer_of(page)).to_have_count(0)

    def ended():
        page.wait_for_timeout(50)  # Playwright calls the listener of sent frames only while it waits
        return [each for each in sent if '"ports"' in each][-1:] == ['{"type":"ports","on":false}']

    wait_until(ended, what="the end of asking")
    page.keyboard.press("Control+i")
    expect(drawer_of(page)).to_have_count(0)


def test_guests_have_no_monitor(chromium, tmp_path):
    folder = tmp_path / "kitchen"
    write_config(folder)
    options = ("--host", "0.0.0.0", "--no-open")
    with WebInterface(folder, *options, environment={"IMPSY_TOKEN": TOKEN}) as web:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        made = httpx.post(f"{web.url}/api/invitations", headers=bearer, json={"role": "play"}, timeout=60).json()
        context = chromium.new_context()
        page = context.new_page()
        told = quiet(page)
        page.goto(f"{web.url}/?join={made['code']}")
        expect(page.get_by_role("heading", name="Perform", level=1)).to_be_visible()
        expect(page.get_by_role("button", name="Panic").first).to_be_visible()
        expect(page.get_by_role("button", name="Monitor")).to_have_count(0)
        page.keyboard.press("i")
        page.wait_for_timeout(300)
        expect(drawer_of(page)).to_have_count(0)
        context.close()
        assert not told
