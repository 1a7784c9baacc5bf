"""Bytes and text <-> events and values, without any input or output.

Public, one module for each format: ``csv``, ``log``, ``midi``, ``osc``, ``smf``, ``websocket``. Each decodes to
events or to :class:`impsy.errors.PeerError`, and raises nothing else.
"""
