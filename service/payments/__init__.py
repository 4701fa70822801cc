"""Payments: what a consumer pays with, the processors that pull the money, and each charge from due to booked."""
