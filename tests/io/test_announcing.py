"""Announcing services by multicast DNS, with a real browser of services on this machine's loopback."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.shown import Description
from impsy.hosts import is_own, mdns_name
from impsy.io import announcing
from impsy.io.announcing import (
    HTTP,
    NAME_BYTES,
    NUMBER_BYTES,
    OSC,
    OSCQUERY,
    Announcer,
    Service,
    addresses_of,
    service_name,
)
from impsy.io.osc import OscAdapter
from mdns_browser import Browser
from waiting import wait_until

TITLE = f"tests {time.time_ns() % 1_000_000}"
"""Other tests of this machine may announce at the same time."""


@given(st.text(max_size=200), st.text(max_size=70))
def test_a_name_is_one_part_of_a_dns_name_with_room_for_a_number(title, hostname):
    name = service_name(title, hostname)
    assert 0 < len(name.encode()) <= NAME_BYTES - NUMBER_BYTES
    assert "." not in name
    assert not any(ord(character) < 32 for character in name)


def test_a_name_says_what_plays_and_where():
    assert service_name("A tablet", "studio.example.org") == "A tablet on studio"
    assert service_name("  ", "pi") == "IMPSY on pi"
    assert service_name("v2.0", "pi") == "v2-0 on pi"


def test_the_machine_is_known_by_the_name_that_is_announced():
    assert mdns_name().endswith(".local")
    assert is_own(mdns_name())


def test_where_a_service_is_reached(monkeypatch):
    assert addresses_of("localhost") == addresses_of("127.0.0.1") == ("127.0.0.1",)
    assert addresses_of("192.0.2.7") == ("192.0.2.7",)
    assert addresses_of("2001:db8::7") == ()
    assert "127.0.0.1" not in addresses_of("0.0.0.0")


@pytest.mark.slow
def test_others_find_the_osc_port_until_it_closes_and_by_its_new_name():
    reports = []
    adapter = OscAdapter(
        "127.0.0.1", 0, "127.0.0.1", 9, 2, ["/x"], query=True, announce=True, description=Description(f"{TITLE} a")
    )
    with Browser(OSC, OSCQUERY) as browser:
        adapter.open(lambda _event: None, reports.append)
        try:
            wait_until(lambda: len(browser.begin_with(TITLE)) == 2)
            for name, info in browser.begin_with(TITLE).items():
                expected = adapter.listener.port if OSC in name else adapter.findable.server.address[1]
                assert (info.port, info.parsed_addresses()) == (expected, ["127.0.0.1"])
                assert info.server == f"{mdns_name()}."
            wait_until(lambda: any("announcing" in report.text for report in reports))
            adapter.describe(Description(f"{TITLE} b"))
            wait_until(
                lambda: (
                    len(browser.begin_with(TITLE)) == 2 and all("b on" in name for name in browser.begin_with(TITLE))
                )
            )
        finally:
            adapter.close()
        wait_until(lambda: not browser.begin_with(TITLE))
        assert adapter.findable.health()[1].state == "closed"


@pytest.mark.slow
def test_a_name_that_another_service_has_gets_a_number_and_so_many_are_tried(monkeypatch):
    monkeypatch.setattr(announcing, "MOST_NUMBERS", 2)
    made = [Announcer(lambda n=n: [Service(HTTP, f"{TITLE} c", "127.0.0.1", 4000 + n)]) for n in range(3)]
    reports = []
    try:
        for each in made[:2]:
            each.open(reports.append)
            wait_until(lambda each=each: each.announced)
        assert [each.announced for each in made[:2]] == [(f"{TITLE} c",), (f"{TITLE} c-2",)]
        made[2].open(reports.append)
        wait_until(lambda: "are taken in this network" in reports[-1].text)
        assert made[2].announced == ()
    finally:
        for each in made:
            each.close()


@pytest.mark.slow
def test_a_network_that_is_missing_is_reported_once_and_looked_for_again(monkeypatch):
    monkeypatch.setattr(announcing, "LOOK_SECONDS", 0.05)
    looks, there = [], threading.Event()

    def addresses(_host):
        looks.append(1)
        return ("127.0.0.1",) if there.is_set() else ()

    monkeypatch.setattr(announcing, "addresses_of", addresses)
    reports = []
    announcer = Announcer(lambda: [Service(HTTP, f"{TITLE} d", "0.0.0.0", 4000)])
    announcer.open(reports.append)
    try:
        wait_until(lambda: len(looks) > 5)
        assert len(reports) == 1
        assert "no network" in reports[0].text
        there.set()
        wait_until(lambda: announcer.announced)
        assert announcer.health().state == "open"
    finally:
        announcer.close()


def test_a_system_that_refuses_multicast_is_reported_and_stops_nothing(monkeypatch):
    def refuse(**_options):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("zeroconf.Zeroconf", refuse)
    reports = []
    announcer = Announcer(lambda: [Service(HTTP, f"{TITLE} e", "127.0.0.1", 4000)])
    announcer.open(reports.append)
    wait_until(lambda: reports)
    announcer.close()
    assert "UDP port 5353" in reports[0].text


def test_nothing_is_announced_before_all_of_it_listens():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        adapter = OscAdapter("127.0.0.1", taken.getsockname()[1], "127.0.0.1", 9, 2, ["/x"], announce=True)
        adapter.open(lambda _event: None, lambda _report: None)
        try:
            wait_until(lambda: adapter.listener.udp.link.error)
            assert adapter.findable.health()[0].state == "waiting"
            assert adapter.findable.announcer.announced == ()
        finally:
            adapter.close()
