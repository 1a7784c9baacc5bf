"""``impsy workshop``: an instrument for each guest, on phones."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.options import FOLDER
from impsy.cli.terminal import echo
from impsy.cli.webui import serve_workspace, workspace_from_environment, workspace_in
from impsy.errors import ImpsyError
from impsy.hosts import is_loopback
from impsy.limits import MOST_INSTRUMENTS

if TYPE_CHECKING:
    from impsy.web.site import Site

__all__ = ["command"]

INSTRUMENTS = 20


@click.command("workshop")
@click.option(
    "-n",
    "--number",
    "count",
    type=click.IntRange(1, MOST_INSTRUMENTS),
    default=INSTRUMENTS,
    show_default=True,
    help="How many instruments there are.",
)
@click.option(
    "-c",
    "--config",
    "template",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration that each has, without its ports.  [default: config.toml of the workspace, or "
    "eight controls and the bundled model]",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; phones reach another one only, such as 0.0.0.0.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=4000, show_default=True, help="0 takes any free one.")
@click.option(
    "--workdir",
    type=FOLDER,
    help="The workspace; the instruments have folders in its workshop/.  [default: the folder that IMPSY_WORKDIR "
    "names, else this one]",
)
@click.option("--open/--no-open", "open_browser", default=True, help="Open the wall, where there is a desktop.")
def command(
    count: int, template: Path | None, host: str, port: int, workdir: Path | None, open_browser: bool
) -> None:
    """Give each guest an instrument of their own: they scan one QR code and play on their phones, you see them all on
    one wall. Ctrl-C ends it; what was recorded stays in workshop/.

    \b
    impsy workshop --host 0.0.0.0
    impsy workshop --host 0.0.0.0 -n 12 -c my-instrument/config.toml
    impsy workshop -n 2          (on this machine alone, to try it out)
    """
    from impsy.config import load_config
    from impsy.web.server.safety import rules_for
    from impsy.web.server.serve import listen
    from impsy.web.workshop.folders import starter_template, template_files

    workspace = workspace_in(workspace_from_environment() if workdir is None else workdir)
    chosen = template or (workspace.config if workspace.config.exists() else None)
    files = starter_template() if chosen is None else template_files(load_config(chosen))
    rules = rules_for(host, (), os.environ, need_token=True)

    @contextlib.contextmanager
    def opened(site: Site) -> Iterator[None]:
        invitation = site.workshop.open(count, files)
        echo(f"{count} instruments start, one after the other. Guests join with the code {invitation.code}:")
        for address in site.invitations.addresses():
            echo(f"  {address}?join={invitation.code}")
        if is_loopback(host):
            echo("Only this machine reaches them. For phones: impsy workshop --host 0.0.0.0")
        try:
            yield
        finally:
            with contextlib.suppress(ImpsyError):
                site.workshop.close()

    with listen(host, port) as listener:
        serve_workspace(
            workspace, host, listener, rules, opened, open_browser=open_browser, announce=None, place="workshop"
        )
