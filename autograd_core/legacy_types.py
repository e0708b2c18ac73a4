"""PyTorch's old tensor types: ``torch.FloatTensor(2, 3)``, ``isinstance(x, torch.LongTensor)``.

They make tensors of a dtype, and recognise them; nothing is ever an instance of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from ._tensor import Tensor


class TensorType(type):
    """A class that stands for the CPU tensors of one dtype."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype is cls.dtype and not value.is_cuda

    def __call__(cls, *data: Any) -> Any:
        """A tensor of sizes (filled with zeros), or of data."""
        kind = cls.dtype.numpy
        if len(data) == 1 and not isinstance(data[0], int):
            if isinstance(data[0], tuple) and type(data[0]).__name__ == "Size":
                return Tensor._from_array(np.zeros(data[0], kind))
            values = data[0]._array if isinstance(data[0], Tensor) else data[0]
            return Tensor._from_array(np.array(values, kind))
        return Tensor._from_array(np.zeros(data or (0,), kind))


def _make(name: str, kind: dtypes.dtype) -> TensorType:
    text = f"CPU tensors of {kind.name}; called, it makes one of sizes or of data."
    return TensorType(name, (), {"dtype": kind, "__module__": "torch", "__doc__": text})


TYPES = {name: _make(name, d) for d in dtypes.ALL if (name := dtypes.TYPE_NAMES.get(d.name))}
"""The types by their names."""
