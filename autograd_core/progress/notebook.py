"""A bar in a notebook: tqdm's widget, or its text where ipywidgets is not installed."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, ClassVar
from weakref import WeakSet

from .drawing import begin_earlier, draw


@cache
def _bar_class() -> Any:
    """The class of tqdm for this notebook; it counts for itself, as on a terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ipywidgets is missing: nobody asked for it
        from tqdm.auto import tqdm

    class Cell(tqdm):  # type: ignore[misc]
        monitor_interval = 0
        _instances: ClassVar[WeakSet[Any]] = WeakSet()

    return Cell


ENDLESS = "{desc}: {bar}{n_fmt}{unit} [{elapsed}, {rate_fmt}{postfix}]"
"""As tqdm has it on a terminal; in a notebook it says ``87/?`` and ``00:02<00:00``."""
EMPTY = {"text/plain": ""}
"""What an output has that shows nothing, and that every converter takes for an output."""


class Notebook:
    """The bar in the output of the cell that runs.

    Parameters
    ----------
    elapsed : float
        Seconds for which there was no bar yet.
    known : dict
        Arguments of tqdm.
    """

    def __init__(self, elapsed: float, known: dict[str, Any]):
        make = _bar_class()
        if _has_widgets(make):
            known = {**known, "display": False}
            if known["total"] is None:
                known["bar_format"] = ENDLESS
        self.bar = make(**known, leave=False, mininterval=0, miniters=0, disable=False)
        begin_earlier(self.bar, elapsed)
        self._output: Any = None

    def show(self, count: int, known: dict[str, str]) -> None:
        """Draw it."""
        from IPython.display import display

        draw(self.bar, count, known)
        container = getattr(self.bar, "container", None)
        if container is not None and self._output is None:
            self._output = display(container, display_id=True)

    def hide(self) -> None:
        """Nothing: a cell's output is not where a person types."""

    def close(self) -> None:
        """Empty the output, which can't be taken away, and end its widgets."""
        from tqdm.std import tqdm

        if self._output is not None:
            self._output.update(EMPTY, raw=True)
        tqdm.close(self.bar)  # not the widget's own, which leaves a red bar after an exception
        for widget in _widgets_of(self.bar):
            widget.close()


def _has_widgets(make: Any) -> bool:
    """Whether bars of a class are widgets, and know the argument ``display``."""
    return any(base.__module__ == "tqdm.notebook" for base in make.__mro__)


def _widgets_of(bar: Any) -> list[Any]:
    """All widgets of a bar: their state would be saved with the notebook."""
    container = getattr(bar, "container", None)
    if container is None:
        return []
    shown = [container, *container.children]
    parts = [getattr(w, name, None) for w in shown for name in ("layout", "style")]
    return [*(part for part in parts if part is not None), *shown]
