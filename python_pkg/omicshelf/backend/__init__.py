"""The backend: records and bytes."""
