"""The law as data: one book of dated numbers."""
