"""Config texts for the tests of this folder: small ones that are right, and generated ones of any shape."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from fuzzing import examples

FUZZ = settings(max_examples=examples(100))

MINIMAL = "[model]\ndimension = 3\n"

STAGE = """\
# What I play on stage
title = "Stage" # shown in the browser
barlines = 120 # not IMPSY's

# who plays when
[interaction]
mode = "callresponse" # my favourite
threshold = 0.5

[model]
dimension = 3
file = "models/stage.tflite"

# MIDI
[midi]
in_device = ["X-TOUCH"]
out_device = ["Volca"] # the blue one
input."X-TOUCH" = [ # knobs
  ["control_change", 11, 1], # left
  # nothing in the middle
  ["control_change", 11, 2], # right
]
output."Volca" = [
  ["note_on", 1], # pitch
  ["note_velocity", 1],
]

[plugin] # another program's
window = { width = 300, height = 200 }

# for Pd
[osc]
server_port = 6000 # in
client_port = 6001 # out
"""


def texts_in_use() -> list[str]:
    """Real configs where they are on this machine, and one of our own in any case."""
    shared = Path(os.environ.get("IMPSY_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    return [STAGE, *(path.read_text("utf-8") for path in sorted((shared / "data" / "configs").glob("*.toml")))]


_bare = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
_plain = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\"'\\"), max_size=5
)
_key = _bare | _plain.map(lambda text: f'"{text}"') | _plain.map(lambda text: f"'{text}'")
_gap = st.sampled_from(["", " ", "\t", "  "])
_scalar = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["true", "false", "inf", "-nan", "0xff", "1979-05-27 07:32:00", "1979-05-27T07:32:00Z", "07:32:00"]
    ),
    _plain.map(lambda text: f'"{text}"'),
    _plain.map(lambda text: f"'{text}'"),
    _plain.map(lambda text: f'"""{text}\n"" # [x] = 1\n{text} """'),
    _plain.map(lambda text: f"'''\n{text}'' # [y\n'''"),
    st.just('"\\"#\\\\"'),
)


def _array(items: list[str], gap: str, comment: str) -> str:
    return f"[{comment}{gap}" + f"{gap},{comment}{gap}".join(items) + f"{comment}]"


def _inline(pairs: dict[str, str], gap: str) -> str:
    return "{" + gap + f"{gap},{gap}".join(f"{key}{gap}={gap}{value}" for key, value in pairs.items()) + gap + "}"


_comment = st.sampled_from(["", "\n", " # ] } \" '\n", "\n\n  # , \n"])
_value = st.recursive(
    _scalar,
    lambda inner: (
        st.builds(_array, st.lists(inner, max_size=4), _gap, _comment)
        | st.builds(_inline, st.dictionaries(_key, inner, max_size=3), _gap)
    ),
    max_leaves=8,
)
_dotted = st.lists(_key, min_size=1, max_size=3).flatmap(lambda keys: _gap.map(lambda gap: f"{gap}.{gap}".join(keys)))
_line = st.one_of(
    st.builds(lambda key, gap, value: f"{key}{gap}={gap}{value}", _dotted, _gap, _value),
    st.builds(lambda key, value: f"{key} = {value} # said [so] = 3", _dotted, _value),
    _dotted.map(lambda key: f"[{key}]"),
    _dotted.map(lambda key: f"[[ {key} ]] # table"),
    st.sampled_from(["", "# comment [a] = 3", "  \t"]),
)

toml_texts = st.lists(_line, max_size=12).map("\n".join)
"""Texts that look like TOML in all its shapes; many are valid, some (a key twice) are not."""
