"""The session of Ableton Link of a configuration."""

from __future__ import annotations

from impsy.io.adapter import Adapter
from impsy.perform.building.ports import Port

__all__ = ["link_port"]


def link_port(tempo: float) -> Port:
    """The session that is joined; ``tempo`` (beats a minute) counts where there are no others yet."""

    def make() -> Adapter:
        from impsy.io.abletonlink import LinkAdapter  # only where it is asked for

        return LinkAdapter(tempo)

    return Port(("link",), make)
