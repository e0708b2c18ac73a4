"""What debugpy needs to stop where we want: a frame on a chosen line, or inside a node.

``pydevd.settrace(stop_at_frame=...)``, which is what ``debugpy.breakpoint()`` calls, stops where
the next line of a given frame begins.  With "just my code" on, ipykernel 6's default, debugpy
never stops in a library; a frame whose code carries the file name of a cell is none.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any

import autograd_core
from autograd_core.debug.prompt.user_code import formulas_of, is_foreign
from autograd_core.engine import Run
from autograd_core.source import MARK

_ENGINE = os.path.dirname(autograd_core.__file__)
OWN_FILES = [
    os.path.join(_ENGINE, "*.py"),
    os.path.join(_ENGINE, "autograd", "*.py"),
    os.path.join(_ENGINE, "backends", "*.py"),
    os.path.join(_ENGINE, "debug", "**"),
    os.path.join(os.path.dirname(__file__), "**"),
    "**/<autograd_core op *",  # what is generated for an op
]
"""Left out of the stack and of stepping; formulas (``ops``) and modules (``nn``) are not."""

# ------------------------------------------------------------------ a frame on a chosen line

_SOURCE = "def paused_at_grad_fn(node, grad, grads, saved, forward, pause): yield grad, grads"
_STOP = next(
    c for c in compile(_SOURCE, "<ipython-autograd>", "exec").co_consts if c.__class__ is CodeType
)

Place = tuple[str, int]
"""A file and a line in it."""


def stop_at(place: Place | None, name: str, variables: dict[str, Any], *seen: Any) -> Any:
    """Stop in a frame that stands on a line of the user's, until the person goes on.

    Parameters
    ----------
    place : tuple of str and int, or None
        File and line to show.
    name : str
        What the stack calls the frame.
    variables : dict
        Its globals: what expressions see besides its local variables.
    *seen
        Its local variables: node, grad, grads, saved, forward and pause.

    Returns
    -------
    tuple
        The variables ``grad`` and ``grads``, as they are then.
    """
    file, line = place or (_STOP.co_filename, 1)
    name = name if name.isidentifier() else _STOP.co_name
    code = _STOP.replace(co_filename=file, co_firstlineno=line, co_name=name, co_qualname=name)
    # A generator, because its frame exists, and can be named to debugpy, before it runs.
    generator = FunctionType(code, variables, name)(*seen)
    stop_in(generator.gi_frame)
    try:
        return next(generator)
    except KeyboardInterrupt:
        resume_all()
        raise
    finally:
        generator.close()


def stop_in(frame: FrameType) -> None:
    """Have debugpy stop at the next line of a frame, whatever step it was in."""
    if is_connected():  # or else pydevd would look for somebody to connect to
        import pydevd  # type: ignore[import-not-found]

        pydevd.settrace(
            trace_only_current_thread=True, patch_multiprocessing=False, stop_at_frame=frame
        )


_NEVER: Any = (line for line in "")
"""Never run: a step that waits for a line of it is no step any more."""


def resume_all() -> None:
    """Let every thread run, after an interrupt: from Python 3.12 on, debugpy does not hear of it.

    All threads would wait for a command that can't be given, because the kernel is one of them.
    """
    go_on()
    with suppress(ImportError, AttributeError):  # there is no public way
        from _pydevd_bundle.pydevd_api import PyDevdAPI  # type: ignore[import-not-found]

        PyDevdAPI().request_resume_thread("*")


def go_on() -> None:
    """Have debugpy forget the stop or the step that it is in."""
    stop_in(_NEVER.gi_frame)


def is_connected() -> bool:
    """Whether a client of debugpy is attached to this process."""
    debugpy = sys.modules.get("debugpy")
    return debugpy is not None and bool(debugpy.is_client_connected())


def can_stop_in(file: str, only_own_code: bool) -> bool:
    """Whether debugpy stops in a file."""
    if file.startswith("<"):
        return False
    return not (only_own_code and file.startswith(_library_folders()))


@cache
def _library_folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names}
    folders.update(site.getsitepackages(), [site.getusersitepackages()])
    return tuple(folder + os.sep for folder in folders)


# ------------------------------------------------------------------ inside a node


class IntoNode:
    """Lets the next step of a run stop in the Python of its node, if there is any.

    A profile function waits for that frame, because the tracer is debugpy's; it is gone when
    the step is over.  When the frame returns, debugpy would step on through the engine, and
    is told not to.

    Parameters
    ----------
    node : Node
        The node that is about to run.
    only_own_code : bool
        Whether debugpy leaves libraries out.
    goes_on : callable
        Whether the person went on by a step, and wants to see another formula of the node.
    """

    def __init__(self, node: Any, only_own_code: bool, goes_on: Callable[[], bool]):
        self._formulas = formulas_of(node)
        self._only_own_code = only_own_code
        self._goes_on = goes_on
        self._step: FrameType | None = None
        self._inside: FrameType | None = None

    def arm(self) -> None:
        """Begin to wait."""
        self._before = sys.getprofile()
        sys.setprofile(self._event)

    def _event(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            if self._step is None and frame.f_code is Run.step.__code__:
                self._step = frame
            elif self._step is not None and self._inside is None and self._is_wanted(frame):
                self._inside = frame
                stop_in(frame)
        elif event == "return" and frame is self._inside:
            go_on()
            self._inside = None
            if not self._goes_on():
                self.disarm()
        elif event == "return" and frame is self._step:
            self.disarm()

    def disarm(self) -> None:
        """Wait no more; harmless when it is over."""
        self._step = None
        if sys.getprofile() == self._event:
            sys.setprofile(self._before)

    def _is_wanted(self, frame: FrameType) -> bool:
        theirs = MARK not in frame.f_globals and not is_foreign(frame)
        if frame.f_code in self._formulas or theirs:
            return can_stop_in(frame.f_code.co_filename, self._only_own_code)
        return False


# ------------------------------------------------------------------ the stack


def hide_own_files(debugger: Any) -> None:
    """Leave frames between a stop and ``backward()`` out of the stack that is shown.

    Parameters
    ----------
    debugger : ipykernel.debugger.Debugger or None
        The kernel's.
    """
    known = getattr(debugger, "kernel_modules", None)
    if isinstance(known, list):  # ipykernel 7 makes the rules of every attach of these
        known.extend(path for path in OWN_FILES if path not in known)
    if not is_connected():
        return
    # Whoever attached before has the rules of that time, and there is no public way to change
    # them.  Without it the stack is longer, and everything else is the same.
    with suppress(ImportError, AttributeError):
        from _pydevd_bundle.pydevd_api import PyDevdAPI
        from _pydevd_bundle.pydevd_constants import (  # type: ignore[import-not-found]
            get_global_debugger,
        )

        paths = known if isinstance(known, list) else OWN_FILES
        filters = [PyDevdAPI.ExcludeFilter(path, True, True) for path in paths]
        PyDevdAPI().set_exclude_filters(get_global_debugger(), filters)
