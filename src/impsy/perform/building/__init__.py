"""From a configuration to a session: its ports, its models, its recorder."""
