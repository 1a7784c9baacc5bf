"""Writing a configuration of an earlier form in the present one, its comments kept.

The steps that loading makes in plain tables are made here in the text. What a step replaces is found by the positions
of keys and values, so that all around it stays as it was; what has no effect becomes a comment. Each result is read
again and must say exactly what the step makes of the tables; else the key is changed by the document's own means, or
the upgrade is refused and nothing has happened.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Any

import tomlkit

from impsy.config.document import ConfigDocument, same
from impsy.config.earlier.forms import present_form
from impsy.config.earlier.steps import Cut, PresentForm, Rename, Retire, Split, Step, Tables, Write, value_at
from impsy.config.loading import parse_toml
from impsy.config.positions import Lines, Path, Span, Written, format_path
from impsy.errors import ConfigError

__all__ = ["form_of", "upgrade", "upgrade_playing_the_same"]


def form_of(document: ConfigDocument, *, whole_lists: bool = False) -> PresentForm:
    """What the document says in the present form; ``whole_lists`` as for :func:`present_form`."""
    return present_form(parse_toml(document.text), whole_lists=whole_lists)


def upgrade(document: ConfigDocument, *, whole_lists: bool = False) -> tuple[str, ...]:
    """Write the document in the present form; nothing is saved. ``whole_lists`` as for :func:`present_form`.

    Returns:
        What was changed, a sentence for each form; empty: it was in the present form already.

    Raises:
        ConfigError: the file's layout does not allow it; the document is then as before.
    """
    form = form_of(document, whole_lists=whole_lists)
    before = document.text
    try:
        for step in form.steps:
            _make(document, step)
    except ConfigError:
        document.take(before)
        raise
    return tuple(problem.text for _, problem in form.findings)


def upgrade_playing_the_same(document: ConfigDocument) -> tuple[str, ...]:
    """The same for a document that is valid, and stays so: what it makes IMPSY play is compared before and after.

    Raises:
        InvalidConfigError: what is wrong with it, in the form that it has.
        ConfigError: it cannot be upgraded; the document is then as before.
    """
    before, text = document.check(), document.text
    changes = upgrade(document)
    if changes and document.check().config != before.config:
        document.take(text)
        raise ConfigError("in the present form it would not play the same. It plays as it is; change it by hand")
    return changes


def _make(document: ConfigDocument, step: Step) -> None:
    """One step, in the way that disturbs least and gives what it should."""
    tables = parse_toml(document.text)
    wanted = copy.deepcopy(tables)
    step.apply(wanted)
    before = document.text
    for way in (_in_place, _by_key):
        try:
            way(document, step, wanted)
            if same(parse_toml(document.text), wanted):
                return
        except ConfigError:
            pass
        document.take(before)
    raise ConfigError(
        f"{format_path(step.place)} cannot be written in the present form here, because of how the file is laid out. "
        "It plays as it is; to have it in the present form, change it by hand"
    )


# --- in the text ------------------------------------------------------------------------------------


def _in_place(document: ConfigDocument, step: Step, _wanted: Tables) -> None:
    _IN_PLACE[type(step)](document, step, Lines(document.text))


def _rename(document: ConfigDocument, step: Rename, lines: Lines) -> None:
    """Give the key its new name wherever it stands: in headers, before dots, or alone."""
    depth = len(step.place) - 1
    name = format_path(step.new[depth:])
    spans = [
        written.spans[depth - len(written.section)]
        for written in lines.written
        if written.path[: depth + 1] == step.place and len(written.section) <= depth
    ]
    document.take(_replaced(document.text, [(span, name) for span in spans]))


def _write(document: ConfigDocument, step: Write, lines: Lines) -> None:
    """Put the new value where the old one is; else add the key. A section that becomes a value becomes comments."""
    pair = next((w for w in lines.written if w.path == step.place and w.value is not None), None)
    if step.place in lines.items:
        document.take(_replaced(document.text, [(lines.items[step.place], _toml(step.value))]))
    elif pair is not None and pair.value is not None:
        document.take(_with_value(document.text, pair, pair.value, step))
    else:
        places = [w for w in lines.written if w.path[: len(step.place)] == step.place]
        if places:
            document.take(_commented(document.text, [written.whole for written in places]))
        document.set(_keys(step.place), step.value)


def _with_value(text: str, pair: Written, value: Span, step: Write) -> str:
    """The value in place of the old one; comments inside that stand above it, and a table as a key for each entry."""
    start = _line_start(text, pair.whole[0])
    alone = not text[start : pair.whole[0]].strip() and _rest_of_line(text, pair.whole[1]) is not None
    comments = [match.group() for match in _COMMENT.finditer(text, *value) if match.group().startswith("#")]
    if not alone or not (comments or (isinstance(step.value, dict) and step.value)):
        return _replaced(text, [(value, _toml(step.value))])
    indent, prefix = text[start : pair.whole[0]], text[pair.whole[0] : pair.spans[-1][1]]
    if isinstance(step.value, dict) and step.value:
        rows = [f"{prefix}.{format_path([name])} = {_toml(item)}" for name, item in step.value.items()]
    else:
        rows = [f"{prefix} = {_toml(step.value)}"]
    block = f"\n{indent}".join([*comments, *rows])
    return _replaced(text, [(pair.whole, block)])


def _retire(document: ConfigDocument, step: Retire, lines: Lines) -> None:
    """Make comments of a key, or of a section with its keys. A section that had no other key stays on."""
    places = [w.whole for w in lines.written if w.path[: len(step.place)] == step.place]
    document.take(_commented(document.text, places))
    section = _keys(step.place[:-1])
    if section and document.get(section) is None:
        document.set(section, {})


def _cut(document: ConfigDocument, step: Cut, lines: Lines) -> None:
    """Make comments of the entries beyond the length."""
    document.take(_commented(document.text, _items(lines, step.place)[step.length :], ends=","))


def _split(document: ConfigDocument, step: Split, lines: Lines) -> None:
    """End the list before the first item of the next one, which gets its name there."""
    text, items = document.text, _items(lines, step.place)
    pair = next(w for w in lines.written if w.path == step.place)
    start = _line_start(text, pair.whole[0])
    indent, prefix = text[start : pair.whole[0]], text[pair.whole[0] : pair.spans[-1][0]]
    edits = []
    for number, name in enumerate(step.names, start=1):
        first = items[number * step.length][0]
        line = _line_start(text, first)
        place = line if not text[line:first].strip() else first
        edits.append(((place, place), f"{indent}]\n{indent}{prefix}{format_path([name])} = [\n"))
    document.take(_replaced(text, edits))


_IN_PLACE: dict[type[Step], Callable[[ConfigDocument, Any, Lines], None]] = {
    Rename: _rename,
    Write: _write,
    Retire: _retire,
    Cut: _cut,
    Split: _split,
}
"""How each kind of step is made in the text."""


# --- by key, where the layout is an unusual one -----------------------------------------------------


def _by_key(document: ConfigDocument, step: Step, wanted: Tables) -> None:
    """Set or remove whole values; comments inside them may be lost."""
    for touched in (step.place,) if isinstance(step, Write) else step.touches():
        path = _keys(touched)  # of an item: the list that it is in
        value = value_at(wanted, path)
        if value is None or isinstance(value_at(parse_toml(document.text), path), dict) != isinstance(value, dict):
            document.unset(path)
        if value is not None:
            document.set(path, value)


# --- pieces of text ---------------------------------------------------------------------------------

_COMMENT = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*", re.DOTALL)


def _keys(path: Path) -> tuple[str, ...]:
    """The keys of a path up to the first position in a list."""
    return tuple(str(step) for step in takewhile(lambda step: isinstance(step, str), path))


def _items(lines: Lines, path: Path) -> list[Span]:
    """Where the items of a list stand."""
    found: list[Span] = []
    while (*path, len(found)) in lines.items:
        found.append(lines.items[*path, len(found)])
    return found


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        rows = [f"{format_path([key])} = {_toml(item)}" for key, item in value.items()]
        return f"{{ {', '.join(rows)} }}" if rows else "{}"
    return str(tomlkit.item(value).as_string())


def _replaced(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    for (start, end), new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _rest_of_line(text: str, position: int, ends: str = "") -> int | None:
    """Where the line ends, if nothing but ``ends`` and a comment follows; else None."""
    match = re.compile(rf"[ \t]*[{ends} ]?[ \t]*(?:#[^\n]*)?(?=\n|$)").match(text, position)
    return match.end() if match and (match.end() == len(text) or text[match.end()] == "\n") else None


def _commented(text: str, spans: Iterable[Span], ends: str = "") -> str:
    """The text with these pieces as comments; each must have its lines for itself.

    Raises:
        ConfigError: one of them has not.
    """
    edits: list[tuple[Span, str]] = []
    reached = 0
    for start, end in sorted(spans):
        if end <= reached:  # a key in an inline table that becomes a comment as a whole
            continue
        reached = end
        line, stop = _line_start(text, start), _rest_of_line(text, end, ends)
        if text[line:start].strip() or stop is None:
            raise ConfigError("it does not stand alone in its lines")
        rows = text[start:stop].split("\n")
        edits.append(((start, stop), "\n".join(f"# {row}" if row.strip() else row for row in rows)))
    return _replaced(text, edits)
