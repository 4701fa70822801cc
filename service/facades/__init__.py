"""Facades: other providers' clients, unmodified, answered in their own words by our own verbs."""
