"""The state of a session as text that fits into one datagram."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from impsy.text import visible

__all__ = ["STATE_BYTES", "encode_state"]

STATE_BYTES = 48_000
"""The longest state. A datagram holds 65,507 bytes, and some systems send no more than their buffer."""

STRING_LIMIT = 4096
"""Characters of one text in it; paths are the longest."""

DECIMALS = 6

VALUE_BYTES = DECIMALS + 3
"""A value of a control with its comma: ``0.123456,``; more than ``false,``."""

LISTS = ("reports", "scenes", "ports", "thru_matrix", "clock_send", "voices")
"""What is cut before the values of controls, in this order: the oldest reports first, of the others the end."""

VALUES = ("input", "output", "held")

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode_state(state: Mapping[str, Any], most: int = STATE_BYTES) -> str:
    """The JSON text of a state, of ``most`` bytes at most.

    What does not fit is left out by one rule, and only as far as needed: the oldest reports (the newest stays), then
    the last of the scenes, of the ports, of what is passed on and of the voices, then the values of the last
    controls. ``cut`` names what is not complete.
    """
    plain: dict[str, Any] = _plain(state)
    text = _encode(plain)
    if len(text) <= most:
        return text
    plain["cut"] = []
    for key in LISTS:
        excess = len(text) + len(_encode(plain["cut"])) + len(key) - most
        items = list(plain.get(key) or ())
        lowest = min(len(items), 1) if key == "reports" else 0
        while excess > 0 and len(items) > lowest:
            excess -= len(_encode(items.pop(0 if key == "reports" else -1)))
        if len(items) < len(plain.get(key) or ()):
            plain[key] = items
            plain["cut"].append(key)
            text = _encode(plain)
            if len(text) <= most:
                return text
    values = [key for key in VALUES if key in plain]
    room = most - len(_encode(plain | {key: [] for key in values} | {"cut": [*plain["cut"], *values]}))
    for key in values:
        plain[key] = plain[key][: max(0, room // (len(values) * VALUE_BYTES))]
    plain["cut"] += values
    return _encode(plain)


def _plain(value: Any) -> Any:
    """The same with texts that can be shown, and numbers of as many digits as matter."""
    if isinstance(value, str):
        return visible(value if len(value) <= STRING_LIMIT else f"{value[: STRING_LIMIT - 1]}…")
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
