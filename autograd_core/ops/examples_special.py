"""Brings in the special functions, whose example calls stand beside them."""

from __future__ import annotations

from . import special_bessel, special_gamma, special_normal, special_polynomials

__all__ = ["special_bessel", "special_gamma", "special_normal", "special_polynomials"]
