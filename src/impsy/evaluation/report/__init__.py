"""The results of an evaluation: data, and the page made of it."""
