"""Training on several processes or hosts."""
