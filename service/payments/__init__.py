"""Money from the consumer, and what it settles."""
