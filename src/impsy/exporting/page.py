"""The instrument in one HTML file, or as a small site: the built page with a configuration and models put into it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from impsy.errors import ConfigError
from impsy.protocol.instrument import ExportedModel, Instrument
from impsy.web.server.pages import STATIC as PAGES

__all__ = ["STATIC", "PackedModel", "one_file", "site_files"]

STATIC = Path(__file__).resolve().parent / "static"
"""The built page; ``hatch_build.py`` puts it there."""

SCRIPT, STYLE, LICENCES, SERVICE_WORKER = "instrument.js", "instrument.css", "licences.md", "service-worker.js"
ICON = "icon.svg"
ICONS = {ICON: "image/svg+xml", "icon-180.png": "image/png", "icon-512.png": "image/png"}
MANIFEST = "manifest.webmanifest"

PAPER = "#12141a"
"""The background of the dark page, for the frame of a home-screen app."""

_COMPUTING = "'wasm-unsafe-eval'"
"""What lets a page's script multiply matrices by WebAssembly; no text becomes script by it."""

_PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="{policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
    <meta name="color-scheme" content="dark light" />
    <meta name="theme-color" content="#12141a" media="(prefers-color-scheme: dark)" />
    <meta name="theme-color" content="#f6f5f2" media="(prefers-color-scheme: light)" />
    <meta name="referrer" content="no-referrer" />
    <title>{title}</title>
    {links}
  </head>
  <body>
    <div id="app"></div>
    <noscript>This page is an instrument: it needs JavaScript.</noscript>
    <script type="application/json" id="instrument">{instrument}</script>
    <script type="text/plain" id="licences">{licences}</script>
{scripts}
  </body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PackedModel:
    """A model in its packed form, see :mod:`impsy.exporting.packed`; ``name`` is that of its file."""

    name: str
    dimension: int
    packed: bytes
    facts: Mapping[str, Any] = field(default_factory=dict)


def one_file(instrument: Instrument, models: Sequence[PackedModel]) -> bytes:
    """The instrument as one HTML file, which asks no network for anything.

    Args:
        instrument: the configuration; its ``models`` are set here.
        models: the first one plays.

    Raises:
        ConfigError: the page has not been built.
    """
    script, style = _escaped_script(_built(SCRIPT)), _built(STYLE)
    policy = (
        f"default-src 'none'; script-src {_hash(script)} {_COMPUTING}; style-src {_hash(style)}; "
        "img-src data:; worker-src blob:; base-uri 'none'; form-action 'none'"
    )
    known = [
        ExportedModel(model.name, model.dimension, f"#model-{number}", _facts(model.facts))
        for number, model in enumerate(models, 1)
    ]
    blocks = [
        f'    <script type="text/plain" id="model-{number}">{base64.b64encode(model.packed).decode()}</script>'
        for number, model in enumerate(models, 1)
    ]
    icon = base64.b64encode(_bytes(ICON)).decode()
    links = f'<link rel="icon" href="data:image/svg+xml;base64,{icon}" />\n    <style>{style}</style>'
    blocks.append(f'    <script type="module">{script}</script>')
    return _page(replace(instrument, models=known, site=False), policy, links, "\n".join(blocks))


def site_files(instrument: Instrument, models: Sequence[PackedModel]) -> dict[str, bytes]:
    """The instrument as the files of a site, path -> content, which works under any address and, once seen, offline.

    Raises:
        ConfigError: the page has not been built.
    """
    policy = (
        f"default-src 'none'; script-src 'self' {_COMPUTING}; style-src 'self'; img-src 'self' data:; "
        "worker-src 'self' blob:; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
    )
    places = [f"models/{name}.txt" for name in _distinct([_file_name(model.name) for model in models])]
    known = [
        ExportedModel(model.name, model.dimension, quote(place), _facts(model.facts))
        for model, place in zip(models, places, strict=True)
    ]
    links = "\n    ".join(
        (
            '<link rel="icon" href="icon.svg" type="image/svg+xml" />',
            '<link rel="apple-touch-icon" href="icon-180.png" />',
            f'<link rel="manifest" href="{MANIFEST}" />',
            f'<link rel="stylesheet" href="{STYLE}" />',
        )
    )
    script = f'    <script type="module" src="{SCRIPT}"></script>'
    files = {
        "index.html": _page(replace(instrument, models=known, site=True), policy, links, script),
        SCRIPT: _bytes(SCRIPT),
        STYLE: _bytes(STYLE),
        **{name: _bytes(name) for name in ICONS},
        MANIFEST: _manifest(instrument.title),
        **{place: base64.b64encode(model.packed) for place, model in zip(places, models, strict=True)},
    }
    return {**files, SERVICE_WORKER: _service_worker(files)}


def _page(instrument: Instrument, policy: str, links: str, scripts: str) -> bytes:
    page = _PAGE.format(
        policy=html.escape(policy, quote=True).replace("&#x27;", "'"),
        title=html.escape(instrument.title),
        links=links,
        instrument=_json(instrument),
        licences=_within_script(_built(LICENCES)),
        scripts=scripts,
    )
    return page.encode()


def _json(instrument: Instrument) -> str:
    """The JSON text as the content of a script element, which ends at its first ``</script``."""
    plain = asdict(replace(instrument, scenes=[]))
    plain["scenes"] = [scene.model_dump() for scene in instrument.scenes]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


_KEPT = ("name", "made_by", "created", "trained_on", "licence", "license", "author", "calibrated")


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a listener may want to know of a model; its learning curve is not part of that."""
    return {key: facts[key] for key in _KEPT if key in facts}


def _manifest(title: str) -> bytes:
    icons = [{"src": ICON, "sizes": "any", "type": ICONS[ICON]}]
    icons += [
        {"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size, purpose in ((180, "any"), (512, "any"), (512, "maskable"))
    ]
    manifest = {
        "name": title,
        "short_name": title[:12].strip(),
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def _service_worker(files: Mapping[str, bytes]) -> bytes:
    """The script that keeps the files; another content of any of them makes another script, and so a new version."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    names = ["./", *(quote(name) for name in files if name != "index.html")]
    head = f"const VERSION = {json.dumps(digest.hexdigest()[:16])};\nconst FILES = {json.dumps(names)};\n"
    return head.encode() + _bytes(SERVICE_WORKER)


def _distinct(names: Sequence[str]) -> Iterator[str]:
    """The names, those that were used before with a number."""
    used: set[str] = set()
    for name in names:
        found, number = name, 1
        while found in used:
            number += 1
            found = f"{name}-{number}"
        used.add(found)
        yield found


def _file_name(name: str) -> str:
    """A name that any web host takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "model"


def _bytes(name: str) -> bytes:
    path = (PAGES if name == ICON else STATIC) / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the page has not been built: {path} is missing. In a checkout, `pip install .` builds it, and "
            "so does `npm ci && npm run build` in the folder frontend"
        ) from error


def _built(name: str) -> str:
    return _bytes(name).decode()


def _within_script(text: str) -> str:
    """Plain text as the content of a script element of a type that no browser runs."""
    return text.replace("<", "&lt;")


def _escaped_script(script: str) -> str:
    """A script as the content of its element: in strings and patterns ``<\\/`` means the same as ``</``."""
    return re.sub(r"<(/script)", r"<\\\1", script, flags=re.IGNORECASE)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
