"""The report as one HTML page without scripts or other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files

from impsy.evaluation.playing import Playing
from impsy.evaluation.report import plots
from impsy.evaluation.report.data import Report, Result
from impsy.evaluation.report.figures import (
    GROUPS_OF_FIGURES,
    Figure,
    best,
    facts_of_data,
    facts_of_model,
    rows_with,
)
from impsy.evaluation.report.tables import as_csv, download_link
from impsy.text import counted

__all__ = ["render"]

_PARTS_OF_PLAYING: Sequence[tuple[plots.Way, str, str]] = (
    ("dt", "Time between events", "share of events; time on a logarithmic scale"),
    ("step", "How far a control moves", "share of moves of at most so many steps of 1/127"),
    ("moving", "How many controls move at once", "share of events"),
    ("pinned", "Controls at their end", "share of events at 0 or 1"),
)
_WAYS: Sequence[tuple[str, str, Callable[[Result], Playing | None]]] = (
    ("Answering", "What is played in answer to {heard} held-out events.", lambda result: result.answering),
    ("On its own", "What is played from nothing, hearing only itself.", lambda result: result.free),
)


def render(report: Report) -> str:
    """The page. Raises ConfigError where pygal is missing."""
    name = report.results[0].name
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    parts = (_glance, _telling, _answers, _prediction, _calibration, _playing, _excerpts, _facts)
    sections = "".join(part(report) for part in parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)} – evaluation</title><style>{style}</style></head><body><main>"
        f"<h1>How well does {escape(name)} play?</h1>{_verdicts(report)}<p>{escape(_subtitle(report))}</p>"
        f"{_key(report)}{sections}"
        f"<footer>IMPSY {escape(report.version)}, {report.seconds:.0f} s. What every figure means, and where its "
        "definition comes from, is in docs/evaluation.md.</footer></main></body></html>\n"
    )


def _subtitle(report: Report) -> str:
    data = report.data
    return (
        f"Measured on {counted(data.held_out_events, 'event')} of {data.name or 'the dataset'} that were held out "
        f"({data.fraction:.0%} of {'windows' if data.split == 'windows' else 'whole performances'}), "
        f"of {data.events:,}."
    )


def _verdicts(report: Report) -> str:
    """Three sentences about each model, with what they are drawn from."""
    judged = [(i, result) for i, result in enumerate(report.results) if result.verdict]
    return "".join(
        (f"<h3>{_dot(i)}{escape(result.name)}</h3>" if len(judged) > 1 else "")
        + '<ul class="verdict">'
        + "".join(
            f"<li>{escape(text)} <small>{escape(evidence[:1].upper() + evidence[1:])}.</small></li>"
            for text, evidence in result.verdict
        )
        + "</ul>"
        for i, result in judged
    )


def _glance(report: Report) -> str:
    """The three or four figures that say most, for the first model."""
    first, players = report.results[0], report.players
    cards = []
    if first.windows is not None:
        likelihood = first.windows
        cards.append((f"{likelihood.joint.mean:+.2f}", "nats per event", f"median {likelihood.joint.median:+.2f}"))
        if likelihood.bits is not None:
            cards.append((f"{likelihood.bits.mean:.1f}", "bits per event", "to tell what the controls did"))
    if first.answering is not None and players.answering is not None:
        mine, theirs = first.answering, players.answering
        cards.append(
            (f"{mine.one_moves:.0%}", "of its events move one control", f"the players': {theirs.one_moves:.0%}")
        )
        cards.append(
            (f"{mine.pinned_share:.0%}", "of its playing is at 0 or 1", f"the players': {theirs.pinned_share:.0%}")
        )
    inner = "".join(
        f'<div class="card"><b>{figure}</b>{escape(what)}<small>{escape(more)}</small></div>'
        for figure, what, more in cards
    )
    return f'<div class="cards">{inner}</div>'


def _telling(report: Report) -> str:
    judged = [(i, result.name, result.telling) for i, result in enumerate(report.results) if result.telling]
    sentences = "".join(
        f"<li>{f'{_dot(i)}{escape(name)}: ' if len(judged) > 1 else ''}{escape(telling.text)} "
        f"<small>{escape(telling.evidence[:1].upper() + telling.evidence[1:])}.</small></li>"
        for i, name, telling in judged
    )
    return (
        f'<h2>Could one tell?</h2><ul class="verdict">{sentences}</ul>'
        "<p>How well a classifier tells short windows of playing from the players' own, both "
        "after the same playing: 0.5 is not at all, 1 is always. The players themselves and their playing in the "
        "training part show what can be reached. Anywhere: after playing from all of the dataset, which includes "
        f"what was learned from.</p>{_table(report, 'two_sample')}"
    )


def _answers(report: Report) -> str:
    phrases = report.data.phrases
    answers = (
        f"<p>Answers to {counted(phrases, 'phrase')} of the players, until they came back. The players' row is what "
        f"they themselves played after these phrases.</p>{_table(report, 'answers')}"
        if phrases
        else ""
    )
    return (
        "<h2>Gestures and answers</h2><p>Which controls move after held-out playing, for how long the same ones go "
        f"on, and how long it takes until others do.</p>{_table(report, 'gestures')}{answers}"
    )


def _prediction(report: Report) -> str:
    series = [
        (i, result.windows.by_position, result.windows.median_by_position)
        for i, result in enumerate(report.results)
        if result.windows is not None
    ]
    plot = plots.positions(series)
    tables = "".join(_table(report, group) for group in ("windows", "performances"))
    return (
        "<h2>What it predicts</h2><p>Negative log-likelihood of what was played next: less is better. Means are "
        f"ruled by rare surprises, medians by ordinary events.</p>{tables}"
        + _figure(
            "By how many events were heard", plot, "median (solid) and mean (dashed), windows from the zero state"
        )
    )


def _calibration(report: Report) -> str:
    pictures = []
    for i, result in enumerate(report.results):
        if result.calibration is not None:
            for part, what in ((result.calibration.time, "time"), (result.calibration.values, "values")):
                pictures.append(
                    _figure(f"{_dot(i)}{escape(result.name)}", plots.histogram_of_ranks(i, part), what, raw=True)
                )
    return (
        "<h2>Calibration</h2><p>Where in the predicted distribution each event fell. "
        "Level is right; a hill in the middle is too cautious, walls at the ends too sure, a slope is off to one "
        "side.</p>"
        f'{_table(report, "calibration")}<div class="plots small">{"".join(pictures)}</div>'
    )


def _playing(report: Report) -> str:
    sections = []
    for heading, text, of in _WAYS:
        players = of(report.players)
        series = [(i, playing) for i, result in enumerate(report.results) if (playing := of(result)) is not None]
        if players is None or not series:
            continue
        contestants = [(i, playing) for i, playing in series if report.results[i].kind != "players"]
        pictures = "".join(
            _figure(title, plots.one_of(way, players, contestants), more) for way, title, more in _PARTS_OF_PLAYING
        )
        sections.append(
            f"<h2>How it plays: {heading.lower()}</h2><p>{text.format(heard=report.data.heard_before_answer)} "
            "Distances from held-out playing, less is better; training playing shows how far players are from "
            "themselves.</p>"
            f'{_table(report, heading.lower())}<div class="plots">{pictures}</div>'
        )
    return "".join(sections)


def _excerpts(report: Report) -> str:
    if not report.excerpts:
        return ""
    players = report.excerpts[0]
    seconds = max(1.0, float(players.played[:, 0].sum()))
    numbers = {result.name: i for i, result in enumerate(report.results)}
    pictures = "".join(
        _figure(f"{_dot(numbers.get(each.name))}{escape(each.name)}", plots.excerpt(each, seconds), "", raw=True)
        for each in report.excerpts
    )
    return (
        "<h2>An excerpt</h2><p>The same held-out playing (shaded), and how the players and each contestant went on. "
        f'One line is one control.</p><div class="plots wide">{pictures}</div>'
    )


def _facts(report: Report) -> str:
    lists = [("Data", facts_of_data(report.data))]
    lists += [(result.name, facts_of_model(result.facts)) for result in report.results if result.facts is not None]
    return "<h2>What was compared</h2>" + "".join(
        f"<h3>{escape(title)}</h3><dl>"
        + "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts)
        + "</dl>"
        for title, facts in lists
    )


def _table(report: Report, group: str) -> str:
    """One group of figures, a row for each result that has them, the best of models and baselines in bold."""
    title, figures = GROUPS_OF_FIGURES[group]
    rows = [report.players, *report.results]
    figures = [figure for figure in figures if any(figure.of(row) is not None for row in rows)]
    bests = [best(figure, report.results) for figure in figures]
    head = "".join(f'<th title="{escape(figure.meaning)}">{escape(figure.name)}</th>' for figure in figures)
    body = "".join(
        f'<tr class="{row.kind}"><th>{_dot(i)}{escape(row.name)}</th>'
        + "".join(_cell(figure, row, row is found) for figure, found in zip(figures, bests, strict=True))
        + "</tr>"
        for i, row in zip([None, *range(len(report.results))], rows, strict=True)
        if any(figure.of(row) is not None for figure in figures)
    )
    link = download_link(
        f"{report.results[0].name}-{group}", as_csv(figures, rows_with(report, figures)), f"the table {title}"
    )
    return (
        f'<h3>{escape(title)} {link}</h3><div class="scroll"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(figure: Figure, row: Result, is_best: bool) -> str:
    value = figure.of(row)
    text = "–" if value is None else escape(figure.text(value))
    error = figure.error(row)
    if value is not None and error is not None:
        text += f" <small>± {escape(figure.text(error))}</small>"
    return f'<td class="best">{text}</td>' if is_best else f"<td>{text}</td>"


def _key(report: Report) -> str:
    names = [(None, report.players.name), *((i, result.name) for i, result in enumerate(report.results))]
    inner = "".join(f"<span>{_dot(i)}{escape(name)}</span>" for i, name in names)
    return f'<div class="key">{inner}</div>'


def _dot(number: int | None) -> str:
    colour = "--ink" if number is None else f"--series-{number % plots.SERIES}"
    return f'<span class="dot" style="background: var({colour})"></span>'


def _figure(title: str, picture: str, more: str, *, raw: bool = False) -> str:
    """``raw``: the title is HTML already."""
    title = title if raw else escape(title)
    small = f" <small>{escape(more)}</small>" if more else ""
    return f"<figure><figcaption>{title}{small}</figcaption>{picture}</figure>"
