"""One consumer's limit in one currency, and what of it is promised and used."""
