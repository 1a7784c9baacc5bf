"""What the session tells the page and other programs: its state, its next event, its plan."""
