"""Adapters: one a transport. Each opens, reads, writes and reconnects on its own."""

from impsy.io.adapter import Adapter, Deliver, Health, SendReport
from impsy.io.osc import OscAdapter

__all__ = ["Adapter", "Deliver", "Health", "OscAdapter", "SendReport"]
