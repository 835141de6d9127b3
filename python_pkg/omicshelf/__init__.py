"""omicshelf: a versioned catalog for omics datasets."""
