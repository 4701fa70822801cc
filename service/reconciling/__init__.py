"""Three sides held against one another: our ledger, the partner's files, and the bank."""
