"""What time alone brings about: the close of a day."""
