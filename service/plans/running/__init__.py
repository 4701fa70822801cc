"""The fold of a plan's facts: facts go in, lines of what is owed and what is paid come out."""
