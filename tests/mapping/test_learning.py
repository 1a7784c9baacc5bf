"""Learning which control is moved, from scripted messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.entries import (
    ChannelAftertouch,
    ControlChange,
    ControlChange14,
    NoteOn,
    NoteVelocity,
    PitchBend,
    ProgramChange,
    parse_entry,
)
from impsy.mapping.learning import Learner


class Hands:
    """Moves controls of a scripted device, on a clock of its own."""

    def __init__(self, port: str = "A") -> None:
        self.learner = Learner()
        self.learner.begin()
        self.now = 100.0
        self.port = port

    def send(self, *messages, port=None, gap=0.01):
        for message in messages:
            self.learner.hear(port or self.port, bytes(message), self.now)
            self.now += gap

    def sweep(self, status, controller=None, start=0, stop=100, step=5, gap=0.01, port=None):
        head = [status] if controller is None else [status, controller]
        self.send(*([*head, value] for value in range(start, stop, step)), gap=gap, port=port)

    def rest(self, seconds=1.5):
        """Let time pass; what is proposed then."""
        self.now += seconds
        return self.learner.decide(self.now)

    def learn(self):
        proposal = self.rest()
        assert proposal is not None
        self.learner.take(proposal)
        return proposal.entry


def test_a_knob_is_a_control_change():
    hands = Hands()
    hands.sweep(0xB2, 7)
    assert hands.learner.decide(hands.now) is None, "it is still moving"
    proposal = hands.rest(0.5)
    assert proposal.entry == ControlChange(3, 7)
    assert proposal.port == "A"
    assert proposal.messages == 20
    assert 0.7 < proposal.span < 0.8
    assert proposal.taken_by is None


def test_each_kind_of_control():
    hands = Hands()
    hands.send([0x90, 60, 100], [0x80, 60, 0])
    assert hands.learn() == NoteOn(1)
    hands.send([0xC4, 12])
    assert hands.learn() == ProgramChange(5)
    hands.sweep(0xD0)
    assert hands.learn() == ChannelAftertouch(1)
    hands.send(*([0xE1, 0, value] for value in range(64, 127, 4)))
    assert hands.learn() == PitchBend(2)
    hands.send([0xB0, 64, 127])
    assert hands.rest(0.5) is None, "more may follow"
    assert hands.learn() == ControlChange(1, 64)
    assert hands.learner.learnt == [
        NoteOn(1),
        ProgramChange(5),
        ChannelAftertouch(1),
        PitchBend(2),
        ControlChange(1, 64),
    ]


def test_what_moves_most_wins_over_a_trembling_neighbour():
    hands = Hands()
    for value in range(0, 40):
        hands.send([0xB0, 9, 63 + value % 2], [0xB0, 9, 63], [0xB0, 3, value])
    assert hands.rest().entry == ControlChange(1, 3)


def test_trembling_alone_is_no_movement():
    hands = Hands()
    hands.send(*([0xB0, 9, 63 + value % 2] for value in range(500)))
    assert hands.rest() is None


def test_a_knob_that_never_rests_is_learnt_all_the_same():
    hands = Hands()
    for _ in range(11):
        hands.sweep(0xB0, 5)
    assert hands.learner.decide(hands.now).entry == ControlChange(1, 5)


def test_clock_sysex_note_offs_and_channel_mode_are_nothing():
    hands = Hands()
    hands.send([0xF8], [0xFE], [0xF0, 1, 2, 0xF7], [0x80, 60, 64], [0x90, 60, 0], [0xB0, 123, 0], [0xA0, 60, 99])
    hands.send([], [0xB0], [0xB0, 5], [0xB0, 200, 5], [5, 5, 5], [0xB0, 7, 200])
    assert hands.rest() is None


def test_halves_in_turn_are_one_14_bit_controller():
    hands = Hands()
    for value in range(0, 9000, 300):
        hands.send([0xB0, 2, value >> 7], [0xB0, 34, value & 127], gap=0.001)
    assert hands.learn() == ControlChange14(1, 2)
    # Neither half is taken for another control while it moves on, nor later on.
    for value in range(9000, 16000, 300):
        hands.send([0xB0, 2, value >> 7], [0xB0, 34, value & 127], gap=0.001)
    assert hands.rest(3).taken_by == 0


def test_a_14_bit_controller_that_sends_the_coarse_half_only_when_it_changes():
    hands = Hands()
    coarse = None
    for value in range(0, 1000, 10):
        if value >> 7 != coarse:
            coarse = value >> 7
            hands.send([0xB0, 2, coarse], gap=0.001)
        hands.send([0xB0, 34, value & 127])
    assert hands.rest().entry == ControlChange14(1, 2)


def test_two_knobs_32_apart_are_not_one():
    hands = Hands()
    hands.sweep(0xB0, 2)
    hands.now += 0.1
    hands.sweep(0xB0, 34, stop=40)
    assert hands.rest().entry == ControlChange(1, 2)


def test_keys_that_are_pressed_are_notes_and_once_these_are_known_pressure():
    hands = Hands()
    hands.send([0x90, 60, 100])
    hands.sweep(0xD0)
    assert hands.learn() == NoteOn(1)
    hands.send([0x90, 60, 100])
    hands.sweep(0xD0)
    assert hands.learn() == ChannelAftertouch(1)


def test_a_fader_that_also_says_it_is_touched_is_the_fader():
    hands = Hands()
    hands.send([0x90, 104, 127])
    hands.send(*([0xE0, 0, value] for value in range(0, 100, 3)))
    hands.send([0x90, 104, 0])
    assert hands.rest().entry == PitchBend(1)


def test_bank_select_belongs_to_the_program():
    hands = Hands()
    hands.send([0xB0, 0, 87], [0xB0, 32, 3], [0xC0, 5])
    assert hands.rest().entry == ProgramChange(1)


def test_what_was_learnt_is_only_proposed_again_after_a_rest_and_with_a_word():
    hands = Hands()
    hands.sweep(0xB0, 1)
    hands.learner.take(hands.rest(0.5))
    hands.sweep(0xB0, 1)
    assert hands.rest(0.5) is None, "the hand was still on it"
    hands.sweep(0xB0, 2, stop=30)
    hands.sweep(0xB0, 1)
    assert hands.learn() == ControlChange(1, 2), "what is new goes first"
    hands.rest()
    hands.sweep(0xB0, 1)
    proposal = hands.rest()
    assert proposal.entry == ControlChange(1, 1)
    assert proposal.taken_by == 0
    hands.learner.refuse()
    assert hands.rest() is None
    hands.sweep(0xB0, 3)
    assert hands.learn() == ControlChange(1, 3)


def test_notes_once_more_offer_their_velocity():
    hands = Hands()
    hands.send([0x90, 60, 100])
    hands.learn()
    hands.send([0x90, 62, 10])
    proposal = hands.rest()
    assert (proposal.entry, proposal.taken_by) == (NoteVelocity(1), 0)
    hands.learner.take(proposal)
    hands.send([0x90, 62, 10])
    proposal = hands.rest()
    assert (proposal.entry, proposal.taken_by) == (NoteOn(1), 0)


def test_the_first_control_decides_on_the_port():
    hands = Hands()
    hands.sweep(0xB0, 1, port="B")
    assert hands.rest().port == "B"
    hands.learn()
    hands.sweep(0xB0, 2, port="A")
    assert hands.rest() is None
    assert hands.learner.elsewhere == {"A"}
    hands.sweep(0xB0, 3, port="B")
    assert hands.learn() == ControlChange(1, 3)


def test_the_same_controller_at_two_ports_is_two_controls():
    hands = Hands()
    hands.sweep(0xB0, 1, start=10, stop=60, port="A")
    hands.sweep(0xB0, 1, start=0, stop=120, port="B")
    assert hands.rest().port == "B"


def test_skipping_and_going_back():
    hands = Hands()
    assert not hands.learner.back()
    hands.sweep(0xB0, 1)
    hands.learn()
    hands.learner.skip()
    assert hands.learner.learnt == [ControlChange(1, 1), None]
    assert hands.learner.back()
    assert hands.learner.port == "A"
    assert hands.learner.back()
    assert hands.learner.port is None
    assert hands.learner.learnt == []


@given(st.lists(st.tuples(st.sampled_from("AB"), st.binary(max_size=4), st.floats(0, 3))))
def test_whatever_comes_what_is_proposed_is_an_entry(script):
    hands = Hands()
    for port, message, gap in script:
        hands.learner.hear(port, message, hands.now)
        hands.now += gap
        proposal = hands.learner.decide(hands.now)
        if proposal is not None:
            kind = type(proposal.entry)
            assert parse_entry(proposal.entry) == proposal.entry
            assert kind in (
                NoteOn,
                NoteVelocity,
                ControlChange,
                ControlChange14,
                PitchBend,
                ChannelAftertouch,
                ProgramChange,
            )
            assert 0 <= proposal.span <= 1
            hands.learner.take(proposal)
