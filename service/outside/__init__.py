"""Outside data: what others know of a consumer, asked for with the consumer's consent and never without it."""
