"""The audit log: who did what, and what it was before and after, sealed so that no change of the log goes unnoticed."""
