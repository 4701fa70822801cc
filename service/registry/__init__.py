"""What every process keeps in memory, swapped whole when it changes."""
