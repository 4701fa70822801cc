"""A plan: its states, and one file for each verb; `running` is how its schedule goes on after facts."""
