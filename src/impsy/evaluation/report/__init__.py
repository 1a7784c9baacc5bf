"""What an evaluation found: plain data, and the page made of it."""
