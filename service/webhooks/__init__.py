"""Webhooks: a merchant's events, sent to its own endpoints as they happen, and tried until they arrive."""
