"""The program that follows the tutorial: that it takes the page at its word, and sees what goes otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docs import check_tutorial
from docs.check_tutorial import Block

PAGE = """\
# A page

<!-- tutorial: install -->
```sh
install everything
```

Prose.

```sh
mkdir here
cd here
export NAME=world
```

```text
```

```sh
echo "hello $NAME, 12 times in 0:29"
pwd
```

```text
hello world, 34 times in 1:05
…/here
```

```toml
not = "a command"
```
"""


def test_blocks_are_those_of_the_page_in_order() -> None:
    assert check_tutorial.blocks(PAGE) == [
        Block(("install everything",), installs=True),
        Block(("mkdir here", "cd here", "export NAME=world")),
        Block(('echo "hello $NAME, 12 times in 0:29"', "pwd"), ("hello world, 34 times in 1:05", "…/here")),
    ]
    with pytest.raises(ValueError, match="before its first command"):
        check_tutorial.blocks("```text\nseen\n```\n")


@pytest.mark.peer("bash")
def test_all_lines_run_in_one_shell_and_show_what_they_should(tmp_path: Path) -> None:
    assert check_tutorial.follow(check_tutorial.blocks(PAGE)[1:], tmp_path, dict(os.environ)) == []
    assert (tmp_path / "here").is_dir()


@pytest.mark.peer("bash")
def test_the_first_command_that_fails_is_told_and_nothing_after_it_runs(tmp_path: Path) -> None:
    chosen = [Block(("true", "false", "touch after")), Block(("touch later",), ("never seen",))]
    assert check_tutorial.follow(chosen, tmp_path, dict(os.environ)) == ["$ false ended with exit code 1"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.peer("bash")
def test_what_is_not_seen_is_told(tmp_path: Path) -> None:
    chosen = [Block(("echo one",), ("one", "two")), Block(("echo two",), ("two",))]
    (fault,) = check_tutorial.follow(chosen, tmp_path, dict(os.environ))
    assert fault == "after 'echo one' the page shows a line that was not seen: two"


@pytest.mark.parametrize(
    ("shown", "printed", "is_seen"),
    [
        ("loss -34.11 after 1,200 steps in 0:29", "loss -5.2 after 60 steps in 1:12:04", True),
        ("  a   table  1", "a table 2  ", True),
        ("written to …", "written to anything at all (here)", True),
        ("ready", "not ready", False),
        ("12 events", "many events", False),
        ("a (b) [c] *", "a (b) [c] *", True),
    ],
)
def test_numbers_may_differ_and_an_ellipsis_is_anything(shown: str, printed: str, is_seen: bool) -> None:
    assert (check_tutorial.missing(Block(("x",), (shown,)), f"before\n{printed}\nafter") == []) is is_seen


def test_the_tutorial_goes_through_all_steps() -> None:
    chosen = check_tutorial.blocks(check_tutorial.PAGE.read_text(encoding="utf-8"))
    assert [each.installs for each in chosen] == [True] + [False] * (len(chosen) - 1)
    typed = [command for block in chosen for command in block.commands]
    steps = [
        "pip install",
        "impsy init",
        "impsy config",
        "impsy demo",
        "impsy dataset",
        "impsy train",
        "impsy evaluate",
    ]
    found = [next(at for at, command in enumerate(typed) if command.startswith(step)) for step in steps]
    assert found == sorted(found)
    assert typed.index("impsy config check") < len(typed) - 1 - typed[::-1].index("impsy config check")
