"""Speed and size of omicshelf, as ratios against plain anndata measured in the same run."""
