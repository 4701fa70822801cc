"""Who bears a consumer's interest or price besides the consumer: schemes, what they pay, and up to how much."""
