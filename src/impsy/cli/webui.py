"""``impsy webui``: everything on one page."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.options import FOLDER, from_command_line
from impsy.cli.terminal import echo
from impsy.errors import ConfigError, DeviceError, refusal
from impsy.hosts import is_loopback

if TYPE_CHECKING:
    from impsy.web.server.safety import SafetyRules
    from impsy.web.server.serve import Listener
    from impsy.web.site import Site
    from impsy.web.workspace import Workspace

__all__ = ["command", "has_desktop", "open_page", "serve_workspace", "workspace_from_environment", "workspace_in"]

_STEP = 10
"""Between the ports of two pages: those next to the first are the local ports of a performance."""

WORKDIR_VARIABLE = "IMPSY_WORKDIR"

_IN_A_TERMINAL = ("www-browser", "lynx", "links", "elinks", "w3m", "browsh", "carbonyl")
"""Browsers that would take over the terminal."""


@click.command("webui")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; others than this machine can only reach another one, and then need a token.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=4000, show_default=True, help="0 takes any free one.")
@click.option(
    "--workdir",
    type=FOLDER,
    help="The workspace: where config.toml, logs, datasets and models are.  [default: the folder that IMPSY_WORKDIR "
    "names, else this one]",
)
@click.option(
    "-c",
    "--config",
    "config_file",
    default="config.toml",
    show_default=True,
    help="The configuration file, in the workspace.",
)
@click.option("--start", is_flag=True, help="Start the session at once, and again whenever it should end by itself.")
@click.option("--check", is_flag=True, help="Only ask whether one that was started here answers (exit code 0 or 1).")
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page, where there is a desktop.")
@click.option(
    "--token",
    "need_token",
    is_flag=True,
    help="Need a token on this machine too: other users of it are let in by it.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="Another name that browsers reach this by, such as a proxy's. May be given more than once.",
)
@click.option(
    "--announce/--no-announce",
    default=None,
    help="Announce the page by its name in the network (mDNS).  [default: where other machines reach it]",
)
@click.pass_context
def command(
    context: click.Context,
    host: str,
    port: int,
    workdir: Path | None,
    config_file: str,
    start: bool,
    check: bool,
    open_browser: bool,
    need_token: bool,
    allow_hosts: tuple[str, ...],
    announce: bool | None,
) -> None:
    """Serve the web interface: set up, play, record, learn and listen, in a browser. An empty folder is a good start.

    It runs beside the performance, which goes on or is started from the page. Where others than this machine can
    reach it, they need the token that is printed; IMPSY_TOKEN sets one of your own. Ctrl-C ends it, and the session
    that it started.

    \b
    impsy webui
    impsy webui --workdir my-instrument --port 8080
    impsy webui --host 0.0.0.0                          from a phone too
    impsy webui --host 0.0.0.0 --allow-host impsy.example.org
    impsy webui --start --no-open                       on a machine that nobody sits at
    impsy webui --check                                 does it answer?
    """
    if check:
        _check(host, port)
        return
    from impsy.web.server.safety import rules_for
    from impsy.web.server.serve import listen
    from impsy.web.session.restart import keep_running

    workspace = workspace_in(workspace_from_environment() if workdir is None else workdir, config_file)
    rules = rules_for(host, allow_hosts, os.environ, need_token=need_token)
    # What watches a service asks at the port that it knows.
    fixed = from_command_line(context, "port") or bool(os.environ.get("NOTIFY_SOCKET"))
    listener = listen(host, port) if fixed else _listen(host, port, workspace)

    @contextlib.contextmanager
    def starting(site: Site) -> Iterator[None]:
        if start and workspace.config.exists():
            with keep_running(site.supervisor, site.link, _warn):
                yield
            return
        if start:
            _warn(f"There is no {config_file} yet: set it up on the page, and start the session there.")
        yield

    serve_workspace(workspace, host, listener, rules, starting, open_browser=open_browser, announce=announce)


def serve_workspace(
    workspace: Workspace,
    host: str,
    listener: Listener,
    rules: SafetyRules,
    beginning: Callable[[Site], AbstractContextManager[object]],
    *,
    open_browser: bool,
    announce: bool | None,
    place: str = "",
) -> None:
    """Serve the pages of a workspace until somebody ends it.

    Args:
        workspace: the folder.
        host: that the listener listens on.
        listener: where.
        rules: who may ask.
        beginning: entered before requests are answered.
        open_browser: open the page, where there is a desktop.
        announce: announce it in the network; None: where other machines reach it.
        place: the page that is opened, without its first slash.
    """
    from impsy.perform.notify import alive_to_service_manager
    from impsy.perform.priority import responsive_interpreter
    from impsy.web.server.app import create_app
    from impsy.web.server.health import TOKEN_VARIABLE
    from impsy.web.server.serve import addresses, serve
    from impsy.web.site import Site

    port = listener.getsockname()[1]
    urls = addresses(host, port)
    entrances = [f"{url}{place}?token={rules.token}" if rules.token else f"{url}{place}" for url in urls]
    # What a service prints is kept in the system's journal, which others may read: a token that the user chose is not
    # printed there.
    # The processes that this starts do not need it.
    hidden = bool(os.environ.pop(TOKEN_VARIABLE, "").strip() and os.environ.get("NOTIFY_SOCKET"))

    def ready() -> None:
        echo(f"IMPSY plays in {workspace.root}. Open this in a browser:")
        for address in urls if hidden else entrances:
            echo(f"  {address}")
        if rules.token:
            echo(
                f"Put ?token= after it, and the token that {TOKEN_VARIABLE} holds."
                if hidden
                else "Whoever has the token can do all that the page can: keep it to yourself."
            )
        echo("Ctrl-C ends.")
        if open_browser:
            # All users of a machine may read the command lines of its processes: no token stands there.
            page = f"{urls[-1]}{place}"
            open_page(f"{page}?code={rules.sessions.make_code()}" if rules.token else page)
        stack.enter_context(alive_to_service_manager(answers, status="The page is served."))

    def answers(seconds: float) -> bool:
        from impsy.web.server.health import ask

        try:
            ask(host, port, seconds=seconds)
        except DeviceError:
            return False
        return True

    with contextlib.ExitStack() as stack:
        stack.enter_context(listener)
        site = stack.enter_context(Site(workspace))
        site.invitations.addresses = lambda: addresses(host, port)
        app = create_app(site, rules)
        stack.enter_context(beginning(site))
        if not is_loopback(host) if announce is None else announce:
            from impsy.web.server.announcing import announced

            stack.enter_context(announced(site.config, host, port, lambda text: _warn(f"{text}.")))
        stack.enter_context(responsive_interpreter())
        serve(app, listener, ready=ready)


def _listen(host: str, port: int, workspace: Workspace) -> Listener:
    """The usual port, or one of the next if the page of another workspace has it.

    Raises:
        DeviceError: this workspace has its page already, or no port can be had.
    """
    from impsy.web.live.presence import Presence
    from impsy.web.server.serve import listen

    try:
        return listen(host, port)
    except DeviceError as error:
        taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
        if not taken or Presence(workspace).of_another():
            raise
        for other in range(port + _STEP, port + 10 * _STEP, _STEP):
            with contextlib.suppress(DeviceError):
                listener = listen(host, other)
                _warn(f"Port {port} is taken, perhaps by the page of another workspace: this one has {other}.")
                return listener
        raise


def _warn(sentence: str) -> None:
    echo(sentence, err=True)


def _check(host: str, port: int) -> None:
    """Say how the web interface and its session are.

    Raises:
        DeviceError: it does not answer, or the session ended by itself.
    """
    from impsy.web.server.health import TOKEN_VARIABLE, ask

    status = ask(host, port, os.environ.get(TOKEN_VARIABLE, "").strip())
    if status == "failed":
        raise DeviceError("the page answers, but its session ended by itself: the System page shows what it printed")
    echo(
        f"The page answers; how the session is, only the token tells ({TOKEN_VARIABLE})."
        if status == "locked"
        else f"The page answers, the session is {status}."
    )


def workspace_from_environment() -> Path:
    """The folder that IMPSY_WORKDIR names, made if it is not there; without it, this one.

    Raises:
        ConfigError: it cannot be made.
    """
    folder = Path(os.environ.get(WORKDIR_VARIABLE) or ".").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = refusal(error, f"set {WORKDIR_VARIABLE} to another folder")
        raise ConfigError(f"{WORKDIR_VARIABLE}: {folder} cannot be made {remedy}") from error
    return folder


def workspace_in(folder: Path, config_file: str = "config.toml") -> Workspace:
    """The workspace in ``folder``, which must be there.

    Raises:
        ConfigError: it is not, or the configuration is outside of it.
    """
    from impsy.web.workspace import Workspace

    if not folder.is_dir():
        raise ConfigError(f"--workdir {folder}: there is no such folder. Make it, or correct the name")
    root = folder.resolve()
    config = (root / config_file).resolve()
    if not config.is_relative_to(root):
        raise ConfigError(
            f"-c {config_file}: a configuration outside of the workspace; name its folder with --workdir"
        )
    if config.is_dir():
        raise ConfigError(f"-c {config_file}: this is a folder; name a file in the workspace, such as config.toml")
    return Workspace(root, str(config.relative_to(root)))


def has_desktop() -> bool:
    """Whether windows can be opened here."""
    if sys.platform in {"win32", "darwin"}:
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open the page in a browser with windows, if there is one and a desktop. Returns at once."""
    if has_desktop():
        threading.Thread(target=_open, args=(url,), name="impsy browser", daemon=True).start()


def _open(url: str) -> None:
    try:
        browser = webbrowser.get()
        name = os.path.basename(str(getattr(browser, "name", "")))
        if not name.startswith(_IN_A_TERMINAL):
            browser.open(url)
    except (webbrowser.Error, OSError):  # the address is on the screen
        return
