"""Operators: the people who act for the lender."""
