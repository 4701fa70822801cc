"""Consumers: merchants' references to persons."""
