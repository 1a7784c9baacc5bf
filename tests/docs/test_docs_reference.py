"""The pages that are made of the program are as the program is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from docs_pages import ROOT
from pydantic import BaseModel

from docs import make_reference
from impsy.cli.main import COMMANDS, group
from impsy.config import schema
from impsy.mapping.commands import commands_of
from impsy.mapping.entries import KINDS
from impsy.web.config.forms import config_schema


@pytest.mark.parametrize("name", make_reference.PAGES)
def test_making_it_again_gives_the_same(name: str) -> None:
    written = (make_reference.REFERENCE / name).read_text(encoding="utf-8")
    assert written == make_reference.PAGES[name](), "run: python docs/make_reference.py"


@pytest.mark.slow
def test_the_script_tells_whether_it_is_so() -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_script_tells_a_page_that_is_out_of_date(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(make_reference, "REFERENCE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["make_reference.py", "--check"])
    with pytest.raises(SystemExit, match=r"commands\.md: not as the program is"):
        make_reference.main()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(sys, "argv", ["make_reference.py"])
    make_reference.main()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(make_reference.PAGES)


def keys() -> Iterator[tuple[str, str]]:
    """Section and key of all that the schema knows."""
    sections = {each.__name__: each for each in vars(schema).values() if isinstance(each, type(BaseModel))}
    for name, field in schema.Config.model_fields.items():
        named = re.search(r"\b(\w+Config)\b", str(field.annotation))
        inner = sections[named[1]].model_fields if named else {}
        if name == "commands":
            yield from ((name, key if key.isidentifier() else f'"{key}"') for key in commands_of(()))
            continue
        yield from ((name, key) for key in inner) if named else [("", name)]


def test_every_key_of_the_schema_has_a_row_and_words() -> None:
    page = make_reference.configuration()
    parts = {"": page.split("## At the top")[1].split("\n## ")[0]}
    for part in page.split("\n## `[")[1:]:
        parts[re.split(r"[\].]", part.lstrip("["))[0]] = part
    known = list(keys())
    assert len(known) > 40
    for section, key in known:
        middle = r"(.+)" if section == "commands" else r"(.+) \| (.+)"
        row = re.search(rf"^\| `{re.escape(key)}` \| {middle} \| \*(.+?)\.\* (.+) \|$", parts[section], re.M)
        assert row is not None, (section, key)
    for section in config_schema()["properties"].values():
        inner = section.get("items", section)
        for each in inner.get("properties", {}).values():
            assert each["description"] != each["wanted"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("threshold", "number, 0 or more | `0.1`"),
        ("dimension", "whole number, 2 to 5000 | that of the mappings, or of the model"),
        ("timescale", "number, above 0 | `1.0`"),
        ("client_port", "whole number, 1 to 65535 | `6001`"),
        ("baudrate", "whole number, 1 to 10,000,000 | `115200`"),
        ("input_thru", "true or false | `false`"),
        ("mode", '`"callresponse"`, `"polyphony"`, `"battle"`, `"useronly"`, `"duet"` | `"callresponse"`'),
    ],
)
def test_types_ranges_and_defaults(row: str, says: str) -> None:
    assert f"| `{row}` | {says} |" in make_reference.configuration()


def test_every_kind_of_entry_is_there() -> None:
    page = make_reference.configuration()
    for kind in KINDS.values():
        for usage in kind.usage().split(" or "):
            assert f"`{usage}`" in page


def test_every_command_and_option_is_there() -> None:
    parts = {part.split("\n")[0]: part for part in re.split(r"^#{2,3} ", make_reference.commands(), flags=re.M)}

    def check(command: click.Command, name: str) -> int:
        for each in command.params:
            for option in each.opts if isinstance(each, click.Option) else ():
                assert f"`{option}`" in parts[name], (name, option)
        inner = command.commands if isinstance(command, click.Group) else {}
        return len(command.params) + sum(check(each, f"{name} {sub}") for sub, each in inner.items())

    context = click.Context(group)
    total = 0
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        total += check(command, f"impsy {name}")
    assert total > 100


def test_examples_are_commands_with_comments() -> None:
    assert re.search(r"\nimpsy demo --terminal +# without a web page\n", make_reference.commands())
