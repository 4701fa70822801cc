"""What is allowed and what it costs: versioned, signed off, replayable."""
