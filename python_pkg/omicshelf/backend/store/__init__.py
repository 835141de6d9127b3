"""Bytes: objects, chunks, packs, manifests, the cache."""
