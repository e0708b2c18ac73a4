"""The ops, by family; each declares forward and gradient formulas once (see `declare`)."""
