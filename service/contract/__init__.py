"""The contract: openapi.yaml, made from the routes and their types. A tool; no process runs it."""
