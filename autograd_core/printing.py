"""How a tensor prints: as PyTorch's ``tensor([4.], grad_fn=<MulBackward0>)``.

The layout follows PyTorch's ``_tensor_str.py``: 4 digits, scientific notation when the
range asks for it, 80 columns, summarised beyond 1000 elements with 3 at each edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import dtypes

if TYPE_CHECKING:
    from ._tensor import Tensor

_options: dict[str, Any] = {
    "precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None,
}  # fmt: skip


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print; the arguments are PyTorch's."""
    profiles: dict[str, dict[str, Any]] = {
        "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
        "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
        "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
    }
    if profile is not None:
        if profile not in profiles:
            raise ValueError(f"profile must be one of {', '.join(profiles)}, got {profile!r}")
        _options.update(profiles[profile])
    given = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems,
        "linewidth": linewidth,
    }  # fmt: skip
    _options.update({k: v for k, v in given.items() if v is not None})
    _options["sci_mode"] = sci_mode


def tensor_text(t: Tensor) -> str:
    """The text of ``repr(t)``."""
    prefix = "tensor("
    kind = t.dtype
    array = t._host()
    suffixes = []
    if t.device.type != "cpu":
        suffixes.append(f"device='{t.device}'")
    implied = (dtypes.get_default_dtype(), dtypes.int64, dtypes.bool_)
    if array.size == 0:
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        if kind is not dtypes.get_default_dtype():
            suffixes.append(f"dtype={kind!r}")
        body = "[]"
    else:
        if kind not in implied and kind is not dtypes.complex64:
            suffixes.append(f"dtype={kind!r}")
        if kind is dtypes.bfloat16:
            array = array.astype(np.float32)
        body = _array_text(array, len(prefix))
    fn = t.grad_fn
    if fn is not None:
        suffixes.append(f"grad_fn=<{type(fn).__name__}>")
    elif t.requires_grad:
        suffixes.append("requires_grad=True")
    return _join(prefix + body, suffixes, len(prefix))


def _join(text: str, suffixes: list[str], indent: int) -> str:
    last = len(text) - text.rfind("\n") - 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            last = indent + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"


class _Formatter:
    """One width and notation for all the numbers that are shown."""

    def __init__(self, values: np.ndarray[Any, Any]):
        self.floating = values.dtype.kind == "f"
        self.int_mode = True
        self.sci = False
        self.width = 1
        if not self.floating:
            shown = values.tolist() if values.size else []
            self.width = max([1, *(len(str(v)) for v in shown)])
            return
        values = values.astype(np.float64)
        finite = values[np.isfinite(values) & (values != 0)]
        precision = _options["precision"]
        if finite.size:
            size = np.abs(finite)
            top, low = float(size.max()), float(size.min())
            self.int_mode = bool((finite == np.ceil(finite)).all())
            wide = top / low > 1000.0 or top > 1e8
            self.sci = wide if self.int_mode else wide or low < 1e-4
            if _options["sci_mode"] is not None:
                self.sci = _options["sci_mode"]
        self.precision = precision
        # PyTorch measures the numbers other than 0, inf and nan; those may be wider or narrower.
        self.width = max([1, *(len(self._bare(v)) for v in finite.tolist())])

    def _bare(self, value: float) -> str:
        if self.sci:
            return f"{value:.{self.precision}e}"
        if self.int_mode:
            return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
        return f"{value:.{self.precision}f}"

    def __call__(self, value: Any) -> str:
        text = self._bare(value) if self.floating else str(value)
        return text.rjust(self.width)


def _array_text(array: np.ndarray[Any, Any], indent: int) -> str:
    summarize = array.size > _options["threshold"]
    shown = _shown(array) if summarize else array
    if array.dtype.kind == "c":
        real, imag = _Formatter(shown.real.reshape(-1)), _Formatter(shown.imag.reshape(-1))

        def element(v: Any) -> str:
            text = imag(v.imag).strip()
            return real(v.real) + (text if text.startswith("-") else "+" + text) + "j"

        width = real.width + imag.width + 2
    else:
        element = _Formatter(shown.reshape(-1))  # type: ignore[assignment]
        width = element.width  # type: ignore[attr-defined]
    return _nested(array, indent, summarize, element, width)


def _shown(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Only the corners, which are all that a summarised print shows."""
    edge = _options["edgeitems"]
    for axis, n in enumerate(array.shape):
        if n > 2 * edge:
            keep = [*range(edge), *range(n - edge, n)]
            array = np.take(array, keep, axis)
    return array


def _nested(
    array: np.ndarray[Any, Any], indent: int, summarize: bool, element: Any, width: int
) -> str:
    if array.ndim == 0:
        return str(element(array.tolist())).strip() if array.dtype.kind != "b" else str(bool(array))
    edge = _options["edgeitems"]
    cut = summarize and len(array) > 2 * edge
    if array.ndim == 1:
        return _row(array, indent, cut, element, width)
    indices: Sequence[int] = range(len(array))
    if cut:
        indices = [*range(edge), -1, *range(len(array) - edge, len(array))]
    parts = [
        "..." if i == -1 else _nested(array[i], indent + 1, summarize, element, width)
        for i in indices
    ]
    joint = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + joint.join(parts) + "]"


def _row(array: np.ndarray[Any, Any], indent: int, cut: bool, element: Any, width: int) -> str:
    edge = _options["edgeitems"]
    values = array.tolist()
    if cut:
        first, last = values[:edge], values[len(values) - edge :]
        texts = [*map(element, first), " ...", *map(element, last)]
    else:
        texts = [element(v) for v in values]
    per_line = max(1, (_options["linewidth"] - indent) // (width + 2))
    lines = [texts[i : i + per_line] for i in range(0, len(texts), per_line)]
    joint = ",\n" + " " * (indent + 1)
    return "[" + joint.join(", ".join(line) for line in lines) + "]"
