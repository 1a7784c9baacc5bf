"""What goes on between the session and the pages, as it happens."""
