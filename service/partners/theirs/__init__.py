"""The partner's own files: read, doubted, held against ours, and what became of each break."""
