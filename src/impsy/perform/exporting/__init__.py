"""Takes for others: as a table, and as an archive from which they can be played again."""
