"""The books: append-only transfers, each a debit and a credit at once."""
