"""Names from outside are shown letter by letter: brackets are no markup, colons no emoji codes."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.table import Table

import impsy.cli
from impsy.cli import live, monitor, ports
from impsy.cli.terminal import terminal
from impsy.engine.snapshot import Counters, Snapshot
from impsy.events import Report
from impsy.io.adapter import Health
from impsy.io.serial.port import PortInfo
from impsy.mapping.hands import Hand
from impsy.perform.diagnostics.devices import FoundMidi, FoundSerial, Wanted
from impsy.perform.diagnostics.listening import Arrival, Tally
from impsy.perform.session import SessionView
from impsy.settings import Settings

SAMPLES = [
    "[bold]X[/bold]",
    "[/dev/x]",
    ":smile:",
    "[red]",
    "X [20] (capture): X",
    "[link=x]y[/link]",
    "\\[a]",
    "[/]",
]
awkward = st.one_of(
    st.sampled_from(SAMPLES),
    st.text(st.sampled_from("ab[]/:\\=()-1 é"), min_size=1, max_size=24),
    st.lists(st.sampled_from(["[", "]", "bold", "/", ":", "smile", "warning", "X "]), min_size=1).map("".join),
).map(lambda text: f"<{text}>")


def shown(make) -> str:
    """What is printed, without the layout's line breaks and borders."""
    console = terminal(soft_wrap=False)
    console.file = io.StringIO()
    console.width = 400
    make(console)
    return console.file.getvalue()


def health(name):
    return Health(f"midi in {name}", "open", f"connected to {name}", received=1)


@given(awkward)
@pytest.mark.slow
def test_the_live_view(name):
    snapshot = Snapshot(Settings(2), name, "performer", 0, (0.5,), (), Counters())
    report = Report("x", f"midi in {name} is gone")
    log = f"/logs/{name}.log"
    view = SessionView(snapshot, (health(name),), {"count": 0}, 0, log, "", 0, 0, 0, 0, "", (report,))
    text = shown(lambda console: console.print(live.render(view, (0.0, 0.0), 400)))
    assert text.count(name) == 5


@given(awkward)
@pytest.mark.slow
def test_the_names_of_controls_in_the_live_view(name):
    settings = Settings(3, hands=(Hand(name[:10]), Hand(enabled=False)))
    snapshot = Snapshot(settings, "model", "performer", 0, (0.5, 0.25), (), Counters())
    view = SessionView(snapshot, (), {"count": 0}, 0, "", "", 0, 0, 0, 0, "", ())
    text = shown(lambda console: console.print(live.render(view, (0.0, 0.0), 110)))
    assert f" 1 {name[:10]} " in text
    assert " 2 (off) " in text


@given(awkward)
@pytest.mark.slow
def test_the_list_of_ports(name):
    midi = FoundMidi(name, (name,), (name + "2",))
    serial = FoundSerial((PortInfo(name, name, f"about {name}"),))
    wanted = [Wanted("midi.in_device[0]", "in", name, name, others=(name,))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "terminal", lambda: console)
        console = terminal()
        console.file = io.StringIO()
        ports.print_ports(midi, serial, wanted, f"{name}.toml")
    text = console.file.getvalue()
    assert text.count(name) == 12


@given(awkward)
@pytest.mark.slow
def test_what_the_monitor_shows(name):
    tally = Tally()

    def show(console):
        from datetime import datetime

        arrival = Arrival(0.0, name, ((0, 0.5),), b"\x90\x3c\x40")
        tally.add(arrival)
        tally.add(Arrival(0.0, name, ignored=f"why {name}"))
        monitor.print_arrival(console, arrival, datetime(2026, 1, 1), (name,))
        monitor.print_report(console, Report("x", name))
        monitor.print_summary(console, tally, 1, 0, (name,))

    text = shown(show)
    assert text.count(name) == 7
    assert "[90 3c 40]" in text


@given(awkward)
@pytest.mark.slow
def test_tables_and_titles(name):
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    assert shown(lambda console: console.print(table)).count(name) == 3
    assert shown(lambda console: console.print(name, style="bold", end="")) == name


def test_every_command_prints_by_the_one_console():
    """Panels take a text for markup whatever the console; so do progress columns that are not asked not to."""
    sources = sorted(Path(impsy.cli.__file__).parent.glob("*.py"))
    assert len(sources) > 20
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            where = f"{source.name}:{node.lineno}"
            named = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert name != "Console" or source.name == "terminal.py", where
            assert name not in ("from_markup", "RichHandler"), where
            assert name != "Progress" or "console" in named or not node.keywords, where
            if name == "TextColumn" and "description" in ast.unparse(node.args[0]):
                assert named.get("markup") == "False", where
            for key in ("title", "subtitle") if name == Panel.__name__ else ():
                assert named.get(key, "Text").startswith(("Text", "title")), where
