"""The OSC port of a configuration."""

from __future__ import annotations

from impsy.codecs.shown import Description
from impsy.config import OscConfig
from impsy.io import OscAdapter
from impsy.io.adapter import Adapter
from impsy.perform.building.ports import Port

__all__ = ["osc_port"]


def osc_port(osc: OscConfig, controls: int, description: Description) -> Port:
    """The port of ``[osc]``; what it says of the instrument can change while it is open."""
    arguments = (osc.server_ip, osc.server_port, osc.client_ip, osc.client_port, controls, osc.output_addresses)
    remote, query, announce = osc.remote_control, osc.served, osc.announced

    def make() -> Adapter:
        return OscAdapter(*arguments, remote_control=remote, query=query, announce=announce, description=description)

    def describe(adapter: Adapter) -> None:
        if isinstance(adapter, OscAdapter):
            adapter.describe(description)

    return Port(("osc", *arguments, remote, query, announce), make, describe, description)
