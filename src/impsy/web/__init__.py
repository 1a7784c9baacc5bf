"""The web interface: one page from which everything is done, served from a process of its own."""
