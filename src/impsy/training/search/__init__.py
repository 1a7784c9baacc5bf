"""Searching for a better size and recipe, by one process or many."""
