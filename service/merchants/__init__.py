"""Who sells: the merchant's terms and fees."""
