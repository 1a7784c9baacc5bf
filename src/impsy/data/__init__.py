"""Logs -> performances -> datasets."""
