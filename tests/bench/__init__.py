"""The benchmark: what the service does in a second beside what the machine could do without it. `make bench`."""
