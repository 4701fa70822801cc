"""The processes that serve: the wire, the workers, and their supervisor."""
