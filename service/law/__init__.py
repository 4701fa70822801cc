"""The law as data: dated numbers, and what settling early is under each law."""
