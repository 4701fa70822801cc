"""A running plan's schedule: facts in, lines of what is owed and paid out."""
