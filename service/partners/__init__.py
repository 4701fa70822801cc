"""Whose money it is: programmes, funding, the daily files and their reconciliation."""
