"""The Jupyter server extension: the REST API over a catalog, also as a service of its own.

Nothing below this package imports tornado or Jupyter. The handlers parse, ask who may, call
the backend in a thread and map errors; :mod:`omicshelf.server.routes` says what there is.
"""
