"""Named results of functions that give several tensors: ``values, indices = x.max(dim=1)``."""

from __future__ import annotations

from collections import namedtuple
from typing import Any


def _text(self: Any) -> str:
    parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"torch.return_types.{type(self).__name__}(\n{parts})"


def named(name: str, *fields: str) -> Any:
    """A class of named tuples that print as PyTorch's do."""
    plain: Any = namedtuple(name, fields)  # type: ignore[misc] # its name is an argument
    return type(name, (plain,), {"__slots__": (), "__repr__": _text, "__module__": __name__})


max = named("max", "values", "indices")
min = named("min", "values", "indices")
median = named("median", "values", "indices")
nanmedian = named("nanmedian", "values", "indices")
cummax = named("cummax", "values", "indices")
cummin = named("cummin", "values", "indices")
aminmax = named("aminmax", "min", "max")
linalg_svd = named("linalg_svd", "U", "S", "Vh")
