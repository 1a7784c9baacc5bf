"""The session that the page starts, watches and stops."""
