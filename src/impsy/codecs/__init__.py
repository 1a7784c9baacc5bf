"""Bytes and text <-> events, without any input or output."""
