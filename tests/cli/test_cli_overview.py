"""``impsy`` by itself: one screen that shows all commands, and the Tab key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from impsy import __version__
from impsy.cli.completion import SHELLS
from impsy.cli.main import COMMANDS, OVERVIEW, group
from impsy.errors import ConfigError

STEPS = ("1 Configure", "2 Record", "3 Learn", "4 Perform")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The folder of an ``impsy`` as installing makes one, for shells to find."""
    script = next(iter(entry_points(group="console_scripts", name="impsy")))
    module, function = script.value.split(":")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    impsy = bin_folder / "impsy"
    impsy.write_text(f"#!{sys.executable}\nfrom {module} import {function}\n{function}()\n")
    impsy.chmod(0o755)
    return bin_folder


def overview(width: int = 80) -> list[str]:
    result = CliRunner().invoke(group, ["--help"], prog_name="impsy", terminal_width=width)
    assert result.exit_code == 0
    return result.output.splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_help_fits_a_small_terminal_with_a_line_left_for_the_prompt(width: int) -> None:
    lines = overview(width)
    assert len(lines) < 24
    assert max(map(len, lines)) <= 79


def test_help_names_every_command_under_a_heading() -> None:
    lines = overview()
    shown = {word for line in lines for word in re.findall(r"[a-z][a-z-]+", line)}
    assert set(COMMANDS) <= shown
    listed = {each for rows in OVERVIEW.values() for typed, _ in rows for each in re.split(r", | .*", typed) if each}
    assert listed == set(COMMANDS)
    starts = [line[2:15].strip() for line in lines if line.startswith("  ") and line[2:15].strip()]
    assert [heading for heading in starts if heading in STEPS] == list(STEPS)


def test_what_the_overview_says_to_type_is_understood() -> None:
    for rows in OVERVIEW.values():
        for typed, text in rows:
            assert text or typed in COMMANDS
            for each in typed.split(", "):
                name, *options = each.split()
                command = group.get_command(click.Context(group), name)
                assert command is not None
                command.make_context(name, options, resilient_parsing=not options)


def test_no_command_at_all_shows_the_overview() -> None:
    result = CliRunner().invoke(group, [], prog_name="impsy")
    assert overview() == (result.stdout + result.stderr).splitlines()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(option: str) -> None:
    assert CliRunner().invoke(group, [option]).output == f"impsy {__version__}\n"


def test_an_unknown_command_or_option_is_refused_with_where_to_look() -> None:
    for words in (["perform"], ["--colour"], ["run", "--modes"]):
        result = CliRunner().invoke(group, words, prog_name="impsy")
        assert result.exit_code == 2
        assert "--help" in result.output


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell: str) -> None:
    result = CliRunner().invoke(group, ["completion", shell])
    assert result.exit_code == 0
    assert f"_IMPSY_COMPLETE={shell}_complete" in result.output
    named = CliRunner(env={"SHELL": f"/usr/bin/{shell}"}).invoke(group, ["completion"])
    assert named.output == result.output


@pytest.mark.parametrize("shell", ["", "/bin/tcsh"])
def test_without_a_shell_that_is_known_it_says_what_to_type(shell: str) -> None:
    error = CliRunner(env={"SHELL": shell}).invoke(group, ["completion"]).exception
    assert isinstance(error, ConfigError)
    assert "impsy completion bash" in str(error)
    assert all(known in str(error) for known in SHELLS)


def complete(program: Path, shell: str, words: str, position: int) -> str:
    environment = os.environ | {
        "_IMPSY_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": words.split()[-1] if shell == "fish" else str(position),
    }
    done = subprocess.run(
        [program / "impsy"], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.slow
def test_the_protocol_of_each_shell_brings_commands_options_and_choices(program: Path, shell: str) -> None:
    assert "convert-tflite" in complete(program, shell, "impsy con", 1)
    assert "--log-predictions" in complete(program, shell, "impsy run --log", 2)
    assert "callresponse" in complete(program, shell, "impsy run --mode call", 3)


def test_completing_a_command_imports_none() -> None:
    code = (
        "import sys; from impsy.cli.main import group; import click\n"
        "print([each.value for each in group.shell_complete(click.Context(group), 'mo')])\n"
        "print([name for name in sys.modules if name in {'numpy', 'rich', 'impsy.cli.model', 'impsy.cli.monitor'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["['monitor', 'model']", "[]"]


@pytest.mark.peer("bash")
def test_bash_completes_as_if_tab_were_pressed(program: Path) -> None:
    script = (
        'eval "$(impsy completion bash)" && complete -p impsy >/dev/null && '
        'COMP_WORDS=(impsy do) COMP_CWORD=1 && _impsy_completion impsy 2>/dev/null; echo "${COMPREPLY[@]}"'
    )
    environment = os.environ | {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-euc", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["doctor"], done.stderr
