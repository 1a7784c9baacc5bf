"""The state on controllers: shown when it changed, again where asked to, and by no thread where nothing commands."""

from __future__ import annotations

import threading

from impsy.io.commands import CommandPort
from impsy.mapping.commands import commands_of, parse_command
from impsy.perform.lights import Lights
from impsy.settings import Settings
from waiting import wait_until

ASSIGNED = ((commands_of(())["pause"], parse_command(["note_on", 1, 1])),)


class Desk:
    def __init__(self, assigned=ASSIGNED, fails=False, again=None):
        self.commands = CommandPort("desk", assigned)
        self.shown = []
        self._fails, self._again = fails, again

    def show(self, settings, scene):
        self.shown.append((settings.paused, scene))
        if self._fails:
            raise OSError("gone")
        again, self._again = self._again, None
        return again


def lights_of(*desks):
    state = [Settings(3), ""]
    return Lights(lambda: tuple(state), lambda: desks), state


def is_there():
    return any(thread.name == "impsy lights" for thread in threading.enumerate())


def test_changes_are_shown_to_all_and_a_broken_one_keeps_none_from_it():
    broken, desk = Desk(fails=True), Desk()
    lights, state = lights_of(broken, desk, object())
    lights.changed()
    wait_until(lambda: desk.shown == [(False, "")])
    state[:] = [Settings(3, paused=True), "verse"]
    lights.changed()
    wait_until(lambda: desk.shown[-1] == (True, "verse"))
    assert broken.shown == desk.shown
    lights.close()
    wait_until(lambda: not is_there())
    lights.changed()
    assert not is_there()


def test_one_that_asks_for_it_is_shown_the_state_again():
    desk = Desk(again=0.05)
    lights, _state = lights_of(desk)
    lights.changed()
    wait_until(lambda: len(desk.shown) == 2)
    lights.close()


def test_without_commands_there_is_no_thread():
    desk = Desk(assigned=())
    lights, _state = lights_of(desk)
    lights.changed()
    assert not is_there()
    desk.commands.remap(ASSIGNED)
    lights.changed()
    wait_until(lambda: desk.shown)
    lights.close()
