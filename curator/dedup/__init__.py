"""Near-duplicates: which texts of a set say nearly the same, at any size.

A text becomes a set of hashed shingles (`shingles`); MinHash bands propose pairs (`minhash`), and exact Jaccard
similarity of the two sets decides each (`near`). What comes out is a forest of verified pairs; its trees are the
clusters (`clusters`). Texts that state other numbers or names are never joined (`guard`).

Two engines give the same forest: a compiled kernel (`kernel`, `_kernel.c`) and one made of numpy and datasketch
(`portable`), which stands in where no compiler was at hand and is what the kernel is tested against. A third, `scale`,
spreads the same steps over a cluster.
"""
