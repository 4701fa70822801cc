"""Receivables: what merchants are owed by others, who has bought it or holds it as a pledge, and what it brings."""
