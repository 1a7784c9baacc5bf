"""``impsy doctor``: the health of a workspace."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from impsy.cli.options import config_option, json_option
from impsy.cli.terminal import echo, terminal

__all__ = ["command"]

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("PROBLEM", "bold red")}


@click.command("doctor")
@config_option
@json_option("Print the findings as JSON.")
@click.pass_context
def command(context: click.Context, config_file: Path, as_json: bool) -> None:
    """Check a workspace before the concert: what is wrong, and what to do about it.

    Looks at the configuration, the model and its speed, the mappings, every port, the folders, the clock and the
    versions. The exit code is 0 if `impsy run` can play, else 1: warnings do not keep it from playing.

    \b
    Examples:
      impsy doctor
      impsy doctor -c gigs/friday.toml
      impsy doctor --json | python -m json.tool
      impsy doctor && impsy run
    """
    from impsy.perform.diagnostics.checkup import check_up

    findings = []
    console = terminal()
    check = ""
    for finding in check_up(config_file):
        findings.append(finding)
        if as_json:
            continue
        if finding.check != check:
            check = finding.check
            console.print(check, style="bold")
        word, style = _MARKS[finding.level]
        console.print(f"  {word:<8}", style=style, end="")
        console.print(finding.text)
        if finding.advice:
            console.print(f"           → {finding.advice}", style=None if finding.level == "problem" else "dim")
    problems = sum(finding.level == "problem" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if as_json:
        report = {"file": str(config_file), "plays": not problems, "findings": [asdict(each) for each in findings]}
        echo(json.dumps(report, indent=2))
    else:
        console.print(_verdict(problems, warnings), style="bold red" if problems else "bold green")
    context.exit(1 if problems else 0)


def _verdict(problems: int, warnings: int) -> str:
    noted = f"{warnings} warning{'s' * (warnings != 1)}"
    if problems:
        return f"It cannot play: {problems} problem{'s' * (problems != 1)}, {noted}."
    return f"Ready to play, with {noted}." if warnings else "Ready to play."
