"""Stands in for a micro:bit's own module: a scripted hand, a serial line on a file descriptor, lights in a file.

The names and what they take and return are those of the board's MicroPython, as far as the example uses them.
"""

from __future__ import annotations

import json
import math
import os
import select
import time

LINE = int(os.environ["STAND_IN_LINE"])
"""File descriptor of the serial line."""

LIGHTS = os.environ["STAND_IN_LIGHTS"]
"""Path that each picture of the lights is written to, a line of JSON each: rows of 0-9."""

FIRST, LAST = 25, 75
"""Looks at the sensors between which the hand tilts; it trembles before and after."""

PRESSED = range(40, 60)
"""Looks at which button A is down."""


class Accelerometer:
    def __init__(self) -> None:
        self.looks = 0

    def get_values(self) -> tuple[int, int, int]:
        """x, y, z in thousandths of g."""
        self.looks += 1
        if not FIRST <= self.looks < LAST:
            return (8 * (self.looks % 3), 0, -1024)
        angle = 0.9 * math.sin((self.looks - FIRST) * math.pi / (LAST - FIRST))
        return (round(1024 * math.sin(angle)), 0, round(-1024 * math.cos(angle)))


class Button:
    def __init__(self, pressed: range) -> None:
        self._pressed = pressed

    def is_pressed(self) -> bool:
        return accelerometer.looks in self._pressed


class Uart:
    def init(self, baudrate: int = 9600) -> None:
        if baudrate != 115200:
            raise ValueError(f"the session speaks at 115200 baud, not at {baudrate}")

    def read(self) -> bytes | None:
        """What has arrived, or None: the board's never waits long."""
        return os.read(LINE, 64) if select.select([LINE], [], [], 0)[0] else None

    def write(self, text: str | bytes) -> int:
        return os.write(LINE, text.encode() if isinstance(text, str) else text)


class Display:
    def __init__(self) -> None:
        self._rows = [[0] * 5 for _ in range(5)]
        self._shown = json.dumps(self._rows)

    def set_pixel(self, x: int, y: int, value: int) -> None:
        if not (0 <= x < 5 and 0 <= y < 5 and 0 <= value <= 9):
            raise ValueError(f"no light {x}, {y} of brightness {value}")
        self._rows[y][x] = value

    def write_down(self) -> None:
        """Not the board's: keep what is shown now."""
        now = json.dumps(self._rows)
        if now != self._shown:
            self._shown = now
            with open(LIGHTS, "a", encoding="ascii") as file:
                file.write(now + "\n")


def sleep(milliseconds: float) -> None:
    display.write_down()
    time.sleep(milliseconds / 1000)


accelerometer = Accelerometer()
button_a = Button(PRESSED)
button_b = Button(range(0))
uart = Uart()
display = Display()
