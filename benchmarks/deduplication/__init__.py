"""What `benchmarks/dedup.py` is made of: the corpora and their truth, who competes, how one is measured, the table."""
