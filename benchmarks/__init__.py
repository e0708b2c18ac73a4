"""Figures: how fast the engine and its tracing are, beside PyTorch in the same run."""
