"""The decision: from a purchase and what we know to a ladder of binding offers, or to reasons."""
