"""The embedded backend: SQL and packs."""
