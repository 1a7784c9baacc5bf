"""Codes: made, typed, guessed, over, revoked; seats in turn. Without a server, on a clock of the test's own."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from held import held
from impsy.web.guests import invitations as module
from impsy.web.guests.guesses import ADDRESSES_LIMIT, OF_ADDRESS, OF_ALL, Guesses
from impsy.web.guests.invitations import ALPHABET, Invitations, NotLetIn
from impsy.web.guests.pictures import qr_svg
from impsy.web.guests.roles import Guest
from impsy.web.server.sessions import SESSIONS_LIMIT, Sessions
from impsy.web.workspace import Conflict, NotFound

PHONE = "192.168.1.20"


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def invitations(clock):
    made = Invitations(clock, random.Random(1).choice)
    made.advice = ""
    return made


def wrong(invitations, ip=PHONE, code="AAAAAA"):
    with pytest.raises(NotLetIn) as refused:
        invitations.join(code, ip)
    return refused.value


def test_nobody_is_invited_where_nobody_can_come():
    with pytest.raises(Conflict, match="--host"):
        Invitations().make("play")


def test_a_code_has_six_letters_that_look_like_no_others(invitations):
    for _ in range(20):
        code = invitations.make("watch").code
        assert len(code) == 6
        assert set(code) <= set(ALPHABET)
    assert not set(ALPHABET) & set("ILOBSUZ0158")
    with pytest.raises(Conflict, match="revoke one"):
        invitations.make("watch")


def test_a_code_may_be_typed_in_any_case_with_anything_between(invitations):
    code = invitations.make("play").code
    for typed in (code, code.lower(), f" {code[:3]} {code[3:]} ", f"{code[:3]}-{code[3:]}"):
        assert invitations.join(typed, PHONE).role == "play"


@given(st.text(max_size=30))
def test_no_other_text_lets_anybody_in(typed):
    invitations = Invitations(Clock(), random.Random(1).choice)
    invitations.advice = ""
    invitations.make("all")
    assert wrong(invitations, code=typed).guess


def test_guessing_ends_long_before_a_guess_is_right_and_nobody_else_is_locked_out(invitations, clock):
    code = invitations.make("play").code
    for _ in range(OF_ADDRESS):
        assert wrong(invitations).sentence == "This is not the code."
    assert "Too many" in wrong(invitations, code=code).sentence
    assert invitations.join(code, "192.168.1.21").role == "play"
    clock.now += 61
    assert invitations.join(code, PHONE).role == "play"


def test_many_addresses_do_not_guess_more(invitations, clock):
    code = invitations.make("play").code
    for number in range(OF_ALL):
        wrong(invitations, f"10.0.{number}.1")
    assert "Too many" in wrong(invitations, "10.1.0.1", code).sentence
    clock.now += 61
    assert invitations.join(code, "10.1.0.1")


def test_a_code_is_over_after_its_time_and_who_came_stays(invitations, clock):
    made = invitations.make("play", minutes=30)
    guest = invitations.join(made.code, PHONE)
    clock.now += 30 * 60
    assert wrong(invitations, code=made.code).sentence == "This code is over."
    assert not guest.ended
    assert invitations.find(made.id).seconds == 0


def test_revoking_ends_the_code_and_all_who_came_by_it(invitations):
    made, other = invitations.make("play"), invitations.make("watch")
    guests = [invitations.join(each.code, PHONE) for each in (made, made, other)]
    told = []
    guests[0].watchers.add(lambda: told.append("closed"))
    assert (invitations.find(made.id).guests, invitations.find(made.id).here) == (2, 1)
    invitations.revoke(made.id)
    assert [guest.ended for guest in guests] == [True, True, False]
    assert told == ["closed"]
    assert wrong(invitations, code=made.code).guess
    with pytest.raises(NotFound):
        invitations.revoke(made.id)


def test_seats_are_given_in_turn_and_shared_when_all_are_taken(invitations):
    made = invitations.make("play", controls=[0, 1, 2, 3, 4], each=2)
    seats = [sorted(invitations.join(made.code, PHONE).controls) for _ in range(4)]
    assert seats == [[0, 1], [2, 3], [4], [0, 1]]


@given(
    controls=st.lists(st.integers(0, 40), min_size=1, unique=True), each=st.integers(1, 10), guests=st.integers(1, 30)
)
def test_seats_are_shared_evenly_and_hold_only_what_was_given(controls, each, guests):
    invitations = Invitations(Clock(), random.Random(1).choice)
    invitations.advice = ""
    made = invitations.make("play", controls=controls, each=each)
    seats = [invitations.join(made.code, PHONE).controls for _ in range(guests)]
    assert all(seat <= set(controls) and 1 <= len(seat) <= each for seat in seats)
    counts = [seats.count(seat) for seat in set(seats)]
    assert max(counts) - min(counts) <= 1


def test_a_code_has_room_for_a_hundred_and_gives_closed_pages_places_away(invitations, monkeypatch):
    monkeypatch.setattr(module, "GUESTS_LIMIT", 3)
    made = invitations.make("play")
    guests = [invitations.join(made.code, PHONE) for _ in range(3)]
    for guest in (guests[0], guests[2]):
        guest.watchers.add(lambda: None)
    invitations.join(made.code, PHONE).watchers.add(lambda: None)
    assert [guest.ended for guest in guests] == [False, True, False]
    assert "are here already" in wrong(invitations, code=made.code).sentence


def test_a_flood_of_guests_does_not_end_the_owners_session(invitations):
    sessions, made = Sessions(), invitations.make("play")
    owner = sessions.begin()
    first = sessions.begin(invitations.join(made.code, PHONE))
    for _ in range(SESSIONS_LIMIT + 20):
        sessions.begin(invitations.join(made.code, PHONE))
    assert sessions.whose(owner) is not None
    assert sessions.whose(first) is None


def test_the_picture_of_a_link_is_one_that_a_page_may_show():
    picture = qr_svg("http://192.168.100.200:4000/?join=" + "".join(ALPHABET[:6])).decode()
    assert picture.startswith("<svg")
    assert "script" not in picture
    assert "#fff" in picture
    with pytest.raises(Conflict):
        qr_svg("http://" + string.ascii_letters * 10)


def test_an_invitation_lasts_a_day_unless_it_is_said_otherwise(invitations):
    assert invitations.make("play").seconds == 24 * 3600


def test_no_more_addresses_that_guess_are_known_than_so_many():
    guesses = Guesses()
    for number in range(3 * ADDRESSES_LIMIT):
        guesses.wrong(f"10.{number // 250}.{number % 250}.1", 0.0)
        if number == ADDRESSES_LIMIT - 1:
            full = held(guesses)
        elif number >= ADDRESSES_LIMIT and number % 100 == 0:
            assert held(guesses) == full, "what so many addresses take"
    assert guesses.too_many("10.0.0.1", 1.0)  # all together are counted still


def test_of_many_sessions_those_of_guests_end_before_the_owners():
    sessions, guests = Sessions(), [Guest("play") for _ in range(SESSIONS_LIMIT + 20)]
    owner = sessions.begin()
    cookies = [sessions.begin(guest) for guest in guests]
    assert sessions.whose(owner) is not None
    assert [sessions.whose(cookie) is None for cookie in cookies] == [guest.ended for guest in guests]
    assert sum(guest.ended for guest in guests) == 21
