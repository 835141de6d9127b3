"""Previews: what an interface shows of a file without loading it.

:func:`omicshelf.formats.worker.preview_file` is how they are asked for; the modules of this
package run in the worker process, and but for :mod:`~omicshelf.formats.preview.models` nothing
else imports them.
"""
