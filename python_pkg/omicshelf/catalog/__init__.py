"""What people import: catalogs, datasets, versions, files."""

from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.connection import Connection, connect
from omicshelf.catalog.copying import copy_dataset
from omicshelf.catalog.dataset import Dataset, DatasetVersion, SupplementaryFile
from omicshelf.catalog.searching import SearchResult
from omicshelf.catalog.threads import for_each_threaded

__all__ = [
    "Catalog",
    "Connection",
    "Dataset",
    "DatasetVersion",
    "SearchResult",
    "SupplementaryFile",
    "connect",
    "copy_dataset",
    "for_each_threaded",
]
