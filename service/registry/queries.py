"""What is read into memory, by name."""

from pathlib import Path

from service.db import load_queries

Q = load_queries(Path(__file__).with_name("queries.sql"))
