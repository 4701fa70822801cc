"""Persons, and consumers: merchants' references to them."""
