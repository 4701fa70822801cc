"""The write path: many commands, one transaction."""
