"""From a file to a typed config, with every error reported at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from impsy.config.bounds import too_much
from impsy.config.checks import (
    Finding,
    errors_across,
    mapped_dimension,
    notes_on_unknown,
    serial_conflict,
    skipped_elsewhere,
    warnings_across,
)
from impsy.config.earlier.forms import in_one_line, present_form
from impsy.config.earlier.steps import PresentForm
from impsy.config.hands import hands_errors, hands_warnings
from impsy.config.positions import Lines, format_path
from impsy.config.positions import Path as KeyPath
from impsy.config.problems import InvalidConfigError, InvalidTomlError, Problem, problems_of
from impsy.config.schema import Config
from impsy.errors import ConfigError, DeviceError, refusal
from impsy.files import leads_out, read_regular
from impsy.settings import SETTINGS, Value

__all__ = [
    "LoadedConfig",
    "Resolved",
    "check_amount",
    "decode",
    "load_config",
    "parse_config",
    "parse_toml",
    "read_file",
    "with_overrides",
]

DimensionFrom = Literal["file", "mappings", "model"]

LARGEST = 4 << 20
"""Bytes of a config file; one of 1,500 scenes has a tenth of that."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a path of the config leads: ``found`` is the first of ``tried`` that exists, else None.

    ``out`` is one that exists, but is a link out of the folder that it seems to be in: that is not followed.
    """

    found: Path | None
    tried: tuple[Path, ...]
    out: Path | None = None

    @property
    def why(self) -> str:
        """Why there is none."""
        if self.out is not None:
            return f"{self.out} leads out of its folder by a link (to {os.path.realpath(self.out)})"
        return f"there is no {' or '.join(map(str, self.tried))}"


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A valid config, where it came from and what was odd about it.

    ``conflicts`` are of level error but do not keep the config from loading (a section stays closed);
    ``warnings`` say what is hardly meant; ``notes`` name keys that are not IMPSY's; ``understood`` says what was read
    in an earlier form; ``elsewhere`` says where the sibling apps, which open this file too, have other controls than
    IMPSY.

    ``dimension_from``: whether the file says it ("file"), or leaves it out and its mappings have it ("mappings"), or
    only the model can ("model"). In the last case the number in ``config`` stands for nothing until
    :func:`impsy.perform.models.sized` has looked at the model.

    ``text`` is the file's; ``overrides`` are the options that were put above it.
    """

    config: Config
    path: Path | None = None
    dimension_from: DimensionFrom = "file"
    warnings: tuple[Problem, ...] = ()
    conflicts: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    understood: tuple[Problem, ...] = ()
    elsewhere: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False, compare=False)
    overrides: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def earlier_form(self) -> str:
        """What was understood of earlier forms, in one line with what to do; empty: it is in the present form."""
        line = in_one_line(self.understood)
        return line and f"{line}. `impsy config upgrade` writes the present form"

    def with_overrides(self, **options: Any) -> LoadedConfig:
        """The same with the command line's options above it, see :func:`impsy.config.with_overrides`."""
        config = with_overrides(self.config, **options)
        stated = options.get("dimension") is not None
        given = {name: str(value) if isinstance(value, Path) else value for name, value in options.items()}
        overrides = {**self.overrides, **{name: value for name, value in given.items() if value is not None}}
        return replace(
            self, config=config, overrides=overrides, dimension_from="file" if stated else self.dimension_from
        )

    @property
    def has_mappings(self) -> bool:
        """Whether any mapping has an entry."""
        return mapped_dimension(self.config.model_dump()) is not None

    @property
    def folder(self) -> Path | None:
        """That of the file, if there is one."""
        return self.path.absolute().parent if self.path is not None else None

    def folders(self) -> tuple[Path, ...]:
        """Where relative paths are looked up: the config's folder, then the working directory."""
        return (*([self.folder] if self.folder is not None else []), Path.cwd())

    def resolve(self, relative: str | Path) -> Resolved:
        """Look for a file relative to the config's folder, then to the working directory."""
        tried = {folder / relative: folder for folder in self.folders()}
        inside = not Path(relative).is_absolute() and ".." not in Path(relative).parts
        found = next(filter(_exists, tried), None)
        out = found is not None and inside and leads_out(found, tried[found])
        return Resolved(None if out else found, tuple(tried), found if out else None)

    def model_file(self) -> Path | None:
        """The model file that ``[model] file`` names; None where it names none.

        Raises:
            ConfigError: if there is no such file, with the places that were looked at.
        """
        return self._named(self.config.model.file, "model.file")

    def voice_file(self, index: int) -> Path | None:
        """The model file of one of ``[[voices]]``, as ``model_file``."""
        return self._named(self.config.voices[index].model, f"voices[{index}].model")

    def model_files(self) -> tuple[Path | None, ...]:
        """The files that it plays with: those of its voices, or that of its one model; raises as ``model_file``."""
        return tuple(map(self.voice_file, range(len(self.config.voices)))) or (self.model_file(),)

    def _named(self, name: str, key: str) -> Path | None:
        if not name:
            return None
        resolved = self.resolve(name)
        if resolved.found is None:
            hint = "Correct the name, or leave it empty to play without a model"
            raise InvalidConfigError([Problem("error", key, resolved.why, hint, str(self.path or ""))])
        return resolved.found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no file can have such a name, or it may not be looked for
        return False


def load_config(path: str | Path) -> LoadedConfig:
    """Read, check and type a config file.

    Raises:
        ConfigError: if it is missing or anything in it is wrong (all errors at once, in ``problems``).
        DeviceError: if the disk refuses.
    """
    return parse_config(decode(read_file(path), str(path)), str(path), Path(path))


def known_notes(path: Path, dimension: int) -> tuple[bool, ...] | None:
    """Which of a dataset's controls the configuration ``path`` maps to the pitch of notes.

    None if that is not known: there is no such file, it has errors, is of another dimension, or maps none to notes.
    """
    try:
        config = load_config(path).config
    except (ConfigError, DeviceError):
        return None
    return config.notes if config.model.dimension == dimension and any(config.notes) else None


def parse_config(text: str, where: str = "config.toml", path: Path | None = None) -> LoadedConfig:
    """Check and type the text of a config. ``where`` names it in messages; ``path`` anchors relative paths.

    Raises:
        InvalidTomlError: if it is not TOML.
        InvalidConfigError: if anything in it is wrong; ``problems`` holds every error.
    """
    form = present_form(parse_toml(text, where))
    data = form.tables
    config, dimension_from, errors = _validate(data)
    if config is None:
        raise InvalidConfigError(_placed(errors, form, text, where))
    elsewhere = list(skipped_elsewhere(config))
    found = (serial_conflict(config), warnings_across(config, data), hands_warnings(config), notes_on_unknown(data))
    findings = list(chain.from_iterable(found))
    problems = _placed(findings, form, text, where) if findings else []
    return LoadedConfig(
        config,
        path,
        dimension_from,
        warnings=tuple(p for p in problems if p.level == "warning"),
        conflicts=tuple(p for p in problems if p.level == "error"),
        notes=tuple(p for p in problems if p.level == "info"),
        understood=tuple(_placed(form.findings, PresentForm({}), text, where)) if form.findings else (),
        elsewhere=tuple(_placed(elsewhere, form, text, where)) if elsewhere else (),
        text=text,
    )


def check_amount(text: str, where: str = "config.toml", *, to_change: bool = False) -> None:
    """Refuse a text that it takes long to read, or with ``to_change`` to change or to show.

    Raises:
        InvalidTomlError: with the line and what there is too much of.
    """
    found = too_much(text, to_change=to_change)
    if found is not None:
        sentence, line = found
        raise InvalidTomlError(Problem("error", "", sentence, "Take out what is not IMPSY's", where, line))


def parse_toml(text: str, where: str = "config.toml") -> dict[str, Any]:
    """The plain tables of a TOML text.

    Raises:
        InvalidTomlError: with line, column and a hint where there is one.
    """
    check_amount(text, where)
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise InvalidTomlError(Problem("error", "", _TOO_DEEP, file=where)) from error
    except ValueError as error:  # also what Python says of a number of thousands of digits
        raise _syntax_error(text, where, error) from error
    if _is_deeper(data, _DEEPEST):
        raise InvalidTomlError(Problem("error", "", _TOO_DEEP, file=where))
    return data


_DEEPEST = 100
_TOO_DEEP = f"tables or lists are nested too deeply, wanted {_DEEPEST} levels at most"


def _is_deeper(data: dict[str, Any], limit: int) -> bool:
    """Whether anything is nested deeper than ``limit``: the code that follows may then recurse."""
    level: list[Any] = [data]
    for _ in range(limit):
        inner = (node.values() if isinstance(node, dict) else node for node in level)
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def read_file(path: str | Path) -> bytes:
    """The bytes of a config file.

    Raises:
        ConfigError: if it is missing or a folder.
        DeviceError: if the disk refuses.
    """
    try:
        return read_regular(path, LARGEST)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file. `impsy init` writes one to start from") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path} is a folder. Did you mean {Path(path) / 'config.toml'}?") from error
    except OSError as error:
        raise DeviceError(f"{path} cannot be read {refusal(error, 'name another file')}") from error


def decode(content: bytes, where: str) -> str:
    """The text of a config file, line ends and byte order mark as they are.

    Raises:
        InvalidTomlError: if it is not UTF-8.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[: error.start].rpartition(b"\n")[2].decode("utf-8")) + 1
        text = f"found the byte 0x{content[error.start]:02x}, column {column}; wanted text in UTF-8"
        hint = "Save the file with the encoding UTF-8"
        raise InvalidTomlError(Problem("error", "", text, hint, where, line), column) from error


_UNKNOWN_DIMENSION = 2


def _with_dimension(data: dict[str, Any]) -> tuple[dict[str, Any], DimensionFrom]:
    """The tables with a dimension, where they have a [model] and leave it out, and where it comes from."""
    model = data.get("model")
    if not isinstance(model, dict) or "dimension" in model:
        return data, "file"
    found = mapped_dimension(data)
    dimension = _UNKNOWN_DIMENSION if found is None else found[0]
    filled = data | {"model": model | {"dimension": dimension}}
    return filled, "model" if found is None else "mappings"


def _validate(data: dict[str, Any]) -> tuple[Config | None, DimensionFrom, list[Finding]]:
    """The typed config and where its dimension comes from, or every error and no config."""
    errors = list(errors_across(data))
    filled, dimension_from = _with_dimension(data)
    try:
        config = Config.model_validate(filled)
    except ValidationError as error:
        errors += problems_of(error, Config)
    else:
        errors += hands_errors(config)
    if not errors:
        return config, dimension_from, []
    misspelt = [finding for finding in notes_on_unknown(data) if finding[1].level == "warning"]
    return None, dimension_from, errors + misspelt


def _placed(findings: Iterable[Finding], form: PresentForm, text: str, where: str) -> list[Problem]:
    """The problems with file, line and the key that the file has, in the order of the file."""
    lines = Lines(text.removeprefix("\ufeff"))
    placed: dict[Problem, None] = {}
    for path, problem in findings:
        origin = form.origin(path)
        key = problem.key if origin == path else format_path(origin)
        placed[replace(problem, key=key, file=where, line=lines[origin])] = None
    return sorted(placed, key=lambda problem: problem.line or 0)


_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)| \(at end of document\)")


def _syntax_error(text: str, where: str, error: ValueError) -> InvalidTomlError:
    """What tomllib says, with the position taken out and, for the usual slips, what to do."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return InvalidTomlError(Problem("error", "", "a number has too many digits", file=where))
    message = str(error)
    position = _POSITION.search(message)
    rows = text.split("\n")
    line, column = len(rows), len(rows[-1]) + 1
    if position and position.group(1):
        line, column = int(position.group(1)), int(position.group(2))
    reason = _POSITION.sub("", message)
    row = rows[line - 1].strip() if line <= len(rows) else ""
    text = f"not TOML at column {column}: {reason[:1].lower()}{reason[1:200]}"
    hint = next((hint for pattern, hint in _SLIPS if pattern.search(row) or pattern.search(message)), "")
    return InvalidTomlError(Problem("error", "", text, hint, where, line), column)


_SLIPS = (
    (re.compile("[“”„‘’]"), 'Use straight quotes: "'),
    (re.compile(r"^Cannot (overwrite|declare)"), "This key or section stands twice"),
    (re.compile(r"=\s*(True|False|TRUE|FALSE)\b"), "Write true or false in small letters"),
    (re.compile(r"=\s*(#|$)"), "A value is missing after ="),
    (re.compile(r"=\s*[A-Za-z/][^\"']*$"), "Text needs quotes"),
    (re.compile(r"^[A-Za-z0-9_-]+\s*:"), "Write key = value, not key: value"),
    (re.compile(r"=\s*\"[^\"]*\\[^\"]*\""), "For backslashes, use single quotes: 'C:\\models'"),
    (re.compile(r"^\[[^\]]*$"), "A section name ends with ]"),
)
"""The usual slips, looked for in the line that is wrong and in what the parser says, and what to do about them."""


# --- options of a command, which take precedence ----------------------------------------------------

_FLAGS: dict[str, tuple[KeyPath, str]] = {
    "dimension": (("model", "dimension"), "--dimension"),
    "model_file": (("model", "file"), "MODEL"),
    **{row.key: ((row.section, row.key), row.flag) for row in SETTINGS.values() if row.option},
    "participant": (("study", "participant"), "--participant"),
    "condition": (("study", "condition"), "--condition"),
    "verbose": (("verbose",), "--verbose"),
    "log_input": (("log_input",), "--log-input"),
    "log_predictions": (("log_predictions",), "--log-predictions"),
}
"""For each option: the key it stands above, and its name on the command line."""


def with_overrides(config: Config, *, model_file: str | Path | None = None, **options: Value | None) -> Config:
    """The config with these options in place of its own; None leaves what the config says.

    ``options`` are ``dimension``, the keys of the live settings that have an option, ``participant``, ``condition``,
    ``verbose``, ``log_input`` and ``log_predictions``. A relative ``model_file`` is taken from the working
    directory, as commands do.

    Raises:
        InvalidConfigError: naming every option whose value does not fit, and mappings that a new
            dimension no longer fits.
    """
    options["model_file"] = None if model_file is None else str(Path(model_file).absolute())
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return config
    sections: dict[str, Any] = dict(config)
    for name, value in given.items():
        (*section, key), _ = _FLAGS[name]
        if section:
            sections[str(section[0])] = {**dict(sections[str(section[0])]), str(key): value}
        else:
            sections[str(key)] = value
    try:
        changed = Config.model_validate(sections)
    except ValidationError as error:
        raise InvalidConfigError(_named(problems_of(error, Config), given)) from error
    problems = list(_named([*errors_across(changed.model_dump()), *hands_errors(changed)], given))
    if problems:
        raise InvalidConfigError(problems)
    return changed


def _named(findings: Iterable[Finding], given: dict[str, Any]) -> Iterator[Problem]:
    """The problems under the names that the command line uses."""
    flags = {_FLAGS[name][0]: _FLAGS[name][1] for name in given}
    for path, problem in findings:
        flag = flags.get(path)
        if flag is not None:
            yield replace(problem, key=flag, file="command line")
        else:  # the config by itself is valid: only another dimension can put it out of order
            text = f"--dimension {given.get('dimension')} does not fit: {problem.text}"
            yield replace(problem, text=text, file="command line")
