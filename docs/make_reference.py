"""Writes the pages in ``docs/reference`` from the program itself: ``python docs/make_reference.py``.

``configuration.md`` comes from the schema that checks configurations, with the words that its forms use;
``commands.md`` from the commands as they parse what is typed; ``limits.md`` from the table of limits. With
``--check`` nothing is written: the exit code is 1 where a page would come out otherwise.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from impsy.cli.main import COMMANDS, OVERVIEW, group
from impsy.limits import LIMITS
from impsy.mapping.commands import commands_of
from impsy.mapping.entries import KINDS, Argument
from impsy.presets import PRESETS
from impsy.settings import SETTINGS
from impsy.web.config.forms import config_schema

COMMANDED = commands_of(())
REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Made by docs/make_reference.py of the program: change it there. -->"


# --- the configuration ----------------------------------------------------------------------------------------------

TYPES = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "array": "list",
    "object": "section",
}

TABLES = ("scenes", "commands")
"""Sections whose keys have names of their own."""

LISTS = ("controls", "voices")
"""Sections of which there are several, in a list."""

CONFIGURATION = """\
# Configuration

Everything that `config.toml` may say. The file is [TOML](https://toml.io): sections in square brackets, below each
its keys. `impsy init` writes one with all of them and comments, `impsy config check` tells everything that is wrong
with one, by line and key, and opens the model. `[model]` must be there; all else has a
default, or is off where its section is not there. In italics: what the *Setup* page calls a key.

A file that is saved while `impsy run` plays takes effect at once. Options of the
[command line](commands.md#impsy-run) stand above it.
"""


def configuration() -> str:
    """The page about ``config.toml``."""
    schema = config_schema()
    plain = {
        name: each
        for name, each in schema["properties"].items()
        if "properties" not in each and name not in (*TABLES, *LISTS)
    }
    sections = {name: each for name, each in schema["properties"].items() if name not in plain}
    lines = [NOTE, "", CONFIGURATION]
    lines += _table(
        ["Section", "What it is for", "Where it is not there"],
        [
            [f"[`{_heading(name)}`](#{_anchor(name)})", each["description"], _absence(name, each, schema)]
            for name, each in sections.items()
        ],
    )
    lines += ["", "## At the top", "", "Before the first section.", ""]
    lines += _keys(plain, set(schema.get("required", ())))
    for name, each in sections.items():
        inner = each["additionalProperties"] if name == "scenes" else each["items"] if name in LISTS else each
        lines += ["", f"## `{_heading(name)}` {{ #{_anchor(name)} }}", "", each["description"]]
        if name == "commands":
            lines += ["", *_commands()]
            continue
        if name == "scenes":
            lines += ["", f"{inner['description']} Recall one by its name: `/impsy/scene` with it, or a click."]
        lines += ["", *_keys(inner["properties"], set(inner.get("required", ())), scene=name == "scenes")]
        lines += _choices(inner["properties"])
    lines += ["", "## Presets", "", *_presets(), "", "## Mapping entries", "", *_entries()]
    template = files("impsy.config").joinpath("templates", "config.toml").read_text(encoding="utf-8")
    lines += [
        "",
        "## A whole file",
        "",
        "As `impsy init` writes it.",
        "",
        "```toml",
        template.rstrip("\n"),
        "```",
        "",
    ]
    return "\n".join(lines)


def _commands() -> Iterator[str]:
    """The table of the commands that a controller may give."""
    yield "The value is the [entry](#mapping-entries) that gives the command, with or without the name of a port"
    yield 'as the last item: `pause = ["control_change", 16, 64, "X-TOUCH"]`. Behind the channel of `note_on` and'
    yield "`program_change` may stand the note or the program that counts alone. More:"
    yield "[commands from your controller](../playing-together.md#commands-from-your-controller)."
    yield ""
    acts = {"press": "a button, key or pad", "turn": "a knob or fader"}
    rows = [
        [f"`{_key(name)}`", acts[each.act], f"*{each.title}.* {_cell(each.help)}"] for name, each in COMMANDED.items()
    ]
    rows.append(['`"scene.NAME"`', acts["press"], "*Scene.* Recalls the scene of this name."])
    yield from _table(["Key", "Given by", "What it does"], rows)


def _presets() -> Iterator[str]:
    """The table of the presets and their values."""
    yield "Each sets all of these at once, while playing: by a click on the page, by `/impsy/preset` with its name,"
    yield "or by a controller (`[commands]`). A scene with the same values keeps them in the configuration."
    yield ""
    names = list(next(iter(PRESETS.values())).values)
    rows = [
        [f"`{each.name}`", _cell(each.help), *(f"{each.values[name]:g}" for name in names)]
        for each in PRESETS.values()
    ]
    yield from _table(["Preset", "What it does", *(f"`{SETTINGS[name].key}`" for name in names)], rows)


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _heading(section: str) -> str:
    return '[scenes."NAME"]' if section == "scenes" else f"[[{section}]]" if section in LISTS else f"[{section}]"


def _anchor(section: str) -> str:
    return f"section-{section}"


def _absence(name: str, section: dict[str, Any], schema: dict[str, Any]) -> str:
    if name in schema["required"]:
        return "an error"
    if name in TABLES:
        return "there are none"
    if name == "controls":
        return "each is played as the model likes"
    if name == "voices":
        return "one model plays all controls"
    return "off" if section.get("default") is None else "the defaults below"


def _keys(properties: dict[str, dict[str, Any]], required: set[str], *, scene: bool = False) -> list[str]:
    """A row for each key; ``scene``: what is not said stays as it is."""
    rows = []
    for name, each in properties.items():
        default = "**needed**" if name in required else _default(each.get("default"))
        default = "that of the mappings, or of the model" if name == "dimension" else default
        rows.append([f"`{name}`", _type(each), "as it is" if scene else default, _meaning(name, each)])
    return _table(["Key", "Type and range", "Default", "What it does"], rows)


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])} {TYPES[schema['prefixItems'][0]['type']]}s"
    words = TYPES[schema["type"]]
    if schema["type"] == "array":
        inner = TYPES.get(schema["items"].get("type"), "entry")
        words = "list of [entries](#mapping-entries)" if inner == "entry" else f"list of {inner}s"
    if "additionalProperties" in schema:
        return f"for each name a {_type(schema['additionalProperties'])}"
    return ", ".join(filter(None, [words.replace("texts", "text"), _range(schema)]))


def _range(schema: dict[str, Any]) -> str:
    low, above, high = (schema.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    if high is not None:
        return f"{low:,} to {high:,}" if high > 65535 else f"{low} to {high}"
    if low is not None:
        return f"{low} or more"
    if above is not None:
        return f"above {above}"
    return "not empty" if schema.get("minLength") else ""


def _default(value: Any) -> str:
    return "none" if value is None or value in ([], {}) else f"`{json.dumps(value)}`"


def _meaning(name: str, schema: dict[str, Any]) -> str:
    """What a key does, and how to write it where the type does not say it all."""
    said = [f"*{schema['title']}.*", _cell(schema["description"])]
    wanted = schema.get("wanted", "").replace("such as input.", f"such as {name}.")
    if "such as" in wanted or "(0" in wanted:
        code = re.sub(r'such as (\[.*\]|\w+\..*|".*?")', r"such as `\1`", wanted)
        said.append(f"Write {code if '`' in code else _cell(code)}.")
    return " ".join(said)


def _choices(properties: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Below the table: what each value of a key with a list of values means."""
    for name, each in properties.items():
        if "choices" in each and "default" in each and each["default"] is not None:
            yield ""
            yield f"`{name}`:"
            yield ""
            yield from (
                f"- `{json.dumps(value)}`: {words}"
                for value, words in zip(each["enum"], each["choices"], strict=True)
            )


def _entries() -> Iterator[str]:
    """The table of what a mapping may hold."""

    def arguments(given: Iterable[Argument]) -> str:
        return ", ".join(f"{each.name} {each.low}-{each.high}" for each in given)

    yield "A mapping is a list with one entry for each control, in their order."
    yield "What each hears and plays: [mappings](../mappings.md)."
    yield ""
    rows = [
        [
            f"`{kind.usage()}`".replace(" or ", "`, `"),
            kind.words.title,
            arguments(kind.required),
            arguments(kind.optional),
        ]
        for kind in KINDS.values()
    ]
    yield from _table(["Entry", "Carried by", "Numbers", "All of these, or none"], rows)


# --- the commands ---------------------------------------------------------------------------------------------------

COMMAND_PAGE = """\
# Commands

Every command, as `impsy COMMAND --help` tells it. `impsy --help` lists them on one screen, `impsy --version` tells
the version.

The exit code is 0 if all went well, also where Ctrl-C is the end that was meant; 1 for what an error message says; 2
for a line that is not understood; 130 where Ctrl-C broke something off. A message says what is wrong, where, and what
to do. `impsy` may be written `python -m impsy`.
"""


def commands() -> str:
    """The page about the command line."""
    lines = [NOTE, "", COMMAND_PAGE]
    context = click.Context(group, info_name="impsy")
    rows = []
    for heading, typed in OVERVIEW.items():
        for what, text in typed:
            links = [f"[`{each}`](#impsy-{each.split()[0]})" for each in what.split(", ")]
            rows.append([heading, ", ".join(links), text or COMMANDS[what]])
    lines += _table(["", "Command", "What it does"], rows)
    for name in COMMANDS:
        command = group.get_command(context, name)
        if command is None:
            raise SystemExit(f"there is no command {name}")
        lines += _command(command, context, f"impsy {name}")
    return "\n".join([*lines, "", *_completion(), ""])


def _command(command: click.Command, parent: click.Context, name: str, level: int = 2) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    prose, examples = _help(command)
    yield from ("", f"{'#' * level} {name}", "")
    yield "\n\n".join(prose)
    if not isinstance(command, click.Group):
        yield from ("", "```text", f"{name} {' '.join(_usage(command))}".rstrip(), "```")
    if examples and not isinstance(command, click.Group):
        yield from ("", "```sh", *examples, "```")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield ""
        yield from _table(["Option", "Takes", "Default", "What it does"], map(_option, options))
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            inner = command.get_command(context, sub)
            if inner is not None:
                yield from _command(inner, context, f"{name} {sub}", level + 1)


def _help(command: click.Command) -> tuple[list[str], list[str]]:
    """The paragraphs of a command's help, and its examples with what they do as comments."""
    prose, examples = [], []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(command.help or "")):
        if not block.startswith("\b"):
            prose.append(" ".join(block.split()))
            continue
        rows = [re.split(r" {2,}", line.strip(), maxsplit=1) for line in block.splitlines()[1:]]
        rows = [row for row in rows if row != ["Examples:"]]
        width = max((len(row[0]) for row in rows if len(row) == 2), default=0)
        examples += [row[0] if len(row) == 1 else f"{row[0]:<{width}}  # {row[1]}" for row in rows]
    return prose, examples


def _usage(command: click.Command) -> Iterator[str]:
    if any(isinstance(each, click.Option) for each in command.params):
        yield "[OPTIONS]"
    for each in command.params:
        if isinstance(each, click.Argument):
            choices = "|".join(each.type.choices) if isinstance(each.type, click.Choice) else ""
            name = each.metavar or choices or str(each.name).upper()
            yield name if each.required or name.startswith("[") else f"[{name}]"


def _option(option: click.Option) -> list[str]:
    said = re.fullmatch(r"(?s)(.*?)(?:\s+\[default: (.*)\])?", option.help or "")
    text, default = (said[1], said[2]) if said else ("", None)
    names = ", ".join(f"`{each}`" for each in option.opts)
    if option.secondary_opts:
        names += " / " + ", ".join(f"`{each}`" for each in option.secondary_opts)
    return [names, "" if option.is_flag else _takes(option), _option_default(option, default), _cell(text)]


def _takes(parameter: click.Parameter) -> str:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return ", ".join(f"`{each}`" for each in kind.choices)
    if isinstance(kind, click.Path):
        words = "a path" if kind.file_okay and kind.dir_okay else "a file" if kind.file_okay else "a folder"
    elif kind.name == "text" and parameter.metavar:
        words = f"`{parameter.metavar}`"
    else:
        numbers = {"integer": "a whole number", "float": "a number"}
        words = numbers.get(kind.name.removesuffix(" range"), kind.name)
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None:
        above = "above " if getattr(kind, "min_open", False) else ""
        words += f", {above}{low} or more" if high is None else f", {above}{low} to {high}"
    return words + (", several times" if parameter.multiple else "")


def _option_default(option: click.Option, said: str | None) -> str:
    if option.required:
        return "**needed**"
    if said is not None:
        return _cell(said)
    value = option.default
    if option.is_flag:
        return (
            f"`{option.opts[0] if value else option.secondary_opts[0]}`"
            if option.secondary_opts and value is not None
            else ""
        )
    known = isinstance(value, str | int | float | Path)
    return f"`{value.as_posix() if isinstance(value, Path) else value}`" if known else ""


COMPLETION = """\
## The Tab key

`impsy completion` prints a script with which your shell completes commands, options, their values and file names.
Each new shell must read it, so write one line into its start file:

| Shell | File | Line |
| --- | --- | --- |
| bash 4.4 or later | `~/.bashrc` | `eval "$(impsy completion bash)"` |
| zsh | `~/.zshrc`, after `compinit` | `eval "$(impsy completion zsh)"` |
| fish | `~/.config/fish/config.fish` | `impsy completion fish \\| source` |

`impsy` must be on the path: activate its environment first, or install it with pipx. The bash of macOS is older than
4.4; its zsh will do."""


def _completion() -> list[str]:
    return COMPLETION.splitlines()


# --- limits ---------------------------------------------------------------------------------------------------------

LIMITS_PAGE = """\
# Limits

How much a file or a text of others may hold, in commands, on the page and in a session alike. What has more is
refused in a sentence, before it takes time or memory.
"""


def limits() -> str:
    """The page about the table of limits."""
    rows = [[f"{each // each.unit:,}", _cell(each.what), _cell(each.why)] for each in LIMITS]
    return "\n".join([NOTE, "", LIMITS_PAGE, *_table(["At most", "Of what", "Why that is enough"], rows), ""])


# --- all ------------------------------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*")


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """A table without the columns that have nothing in them."""
    kept = [list(row) for row in rows]
    used = [at for at in range(len(head)) if any(row[at] for row in kept)]
    lines = [[head[at] for at in used], ["---"] * len(used), *([row[at] for at in used] for row in kept)]
    return [f"| {' | '.join(line)} |" for line in lines]


PAGES = {"limits.md": limits, "configuration.md": configuration, "commands.md": commands}


def main() -> None:
    """Write the pages, or tell which are not as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; tell whether anything is out of date")
    check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        page, text = REFERENCE / name, make()
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            stale.append(f"docs/reference/{name}")
            if not check:
                page.parent.mkdir(exist_ok=True)
                page.write_text(text, encoding="utf-8", newline="\n")
    if check and stale:
        sys.exit(f"{', '.join(stale)}: not as the program is; run python docs/make_reference.py")


if __name__ == "__main__":
    main()
