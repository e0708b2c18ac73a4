"""A bar in a notebook: tqdm's widget, or its text where ipywidgets is not installed."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar
from weakref import WeakSet

from .drawing import begin_earlier, draw


def _bar_class() -> Any:
    """The class of tqdm for this notebook; it counts for itself, as on a terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ipywidgets is missing: nobody asked for it
        from tqdm.auto import tqdm

    class Cell(tqdm):  # type: ignore[misc]
        monitor_interval = 0
        _instances: ClassVar[WeakSet[Any]] = WeakSet()

    return Cell


EMPTY = {"text/plain": ""}
"""What an output has that shows nothing, and that every converter takes for an output."""


def empty_output() -> Any:
    """An output of the cell that runs, to be filled later; a `DisplayHandle`."""
    from IPython.display import display

    return display(EMPTY, raw=True, display_id=True)


class Notebook:
    """The bar in the output of the cell that runs.

    Parameters
    ----------
    elapsed : float
        Seconds for which there was no bar yet.
    known : dict
        Arguments of tqdm.
    output : IPython.display.DisplayHandle, optional
        An empty output that the bar fills, instead of a new one.
    """

    def __init__(self, elapsed: float, known: dict[str, Any], output: Any = None):
        make = _bar_class()
        here = {"display": False} if _has_widgets(make) else {}
        self.bar = make(**known, **here, leave=False, mininterval=0, miniters=0, disable=False)
        begin_earlier(self.bar, elapsed)
        self._output = output
        self._is_displayed = False

    def show(self, count: int, known: dict[str, str]) -> None:
        """Draw it."""
        draw(self.bar, count, known)
        container = getattr(self.bar, "container", None)
        if container is not None and not self._is_displayed:
            self._is_displayed = True
            self._output = self._output or empty_output()
            self._output.update(container)

    def hide(self) -> None:
        """Nothing: a cell's output is not where a person types."""

    def close(self) -> None:
        """Empty the output, which can't be taken away, and end its widgets."""
        from tqdm.std import tqdm

        if self._is_displayed:
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
