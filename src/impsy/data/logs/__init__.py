"""Logs of performances: read, scanned, and turned into events."""
