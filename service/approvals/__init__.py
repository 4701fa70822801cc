"""What one person alone does not do: an act is proposed by one operator, and done when another approves it."""
