"""Tenor: use before paying, reduced deposits and instalments, decided at the moment of purchase."""
