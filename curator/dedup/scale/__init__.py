"""Near-duplicates beyond one machine: the steps of `curator.dedup`, spread over files and workers by Daft."""
