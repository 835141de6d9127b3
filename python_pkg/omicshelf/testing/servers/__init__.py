"""Real servers for tests: each is started in a temporary folder, and stopped by its own pid."""
