"""The remote backend: a catalog that a server keeps, asked over HTTP."""
