"""Business credit reports: what is known of a merchant or a buyer, from which source and of which day; who looked."""
