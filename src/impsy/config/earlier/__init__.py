"""Configurations of earlier versions: understood, and written in the present form."""
