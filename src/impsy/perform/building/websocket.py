"""The WebSocket server of a configuration."""

from __future__ import annotations

from pathlib import Path

from impsy.config import WebSocketConfig
from impsy.io.adapter import Adapter
from impsy.io.commands import CommandPort
from impsy.perform.building.ports import Port

__all__ = ["websocket_port"]


def websocket_port(config: WebSocketConfig, folder: Path | None, commands: CommandPort) -> Port:
    """The server of ``[websocket]``, in the configuration's folder; its mappings can change while it is open."""

    def make() -> Adapter:
        from impsy.io.websocket import WebSocketAdapter  # its library takes time to load

        return WebSocketAdapter(
            config.server_ip,
            config.server_port,
            config.input,
            config.output,
            allowed_origins=config.allowed_origins,
            folder=folder,
            commands=commands,
        )

    def remap(adapter: Adapter) -> None:
        from impsy.io.websocket import WebSocketAdapter

        if isinstance(adapter, WebSocketAdapter):
            adapter.remap(config.input, config.output)

    identity = ("websocket", config.server_ip, config.server_port, config.allowed_origins)
    return Port(identity, make, remap, (config.input, config.output))
