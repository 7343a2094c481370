"""Near-duplicates: which texts of a set say nearly the same, at any size.

A text becomes a set of hashed shingles (`shingles`); MinHash bands propose pairs (`minhash`), and the exact Jaccard
similarity of the two sets decides each (`near`). What comes out is a forest of verified pairs, whose trees are the
clusters (`clusters`). Texts that state other numbers or names are never joined (`guard`).

Two engines give the same forest: a compiled kernel (`kernel`, `_kernel.c`), and one made of numpy and datasketch
(`portable`), which defines what the kernel does and stands in where there was no compiler. `scale` carries the same
steps out beyond one machine, and `index` for texts that come one by one.
"""
