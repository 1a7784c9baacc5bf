"""Errors of the web interface: what was asked for is not there, or cannot be done now."""

from __future__ import annotations

from impsy.errors import ImpsyError

__all__ = ["Conflict", "NotFound"]


class NotFound(ImpsyError):
    """What was asked for does not exist (any more)."""


class Conflict(ImpsyError):
    """It cannot be done in the present state of something else."""
