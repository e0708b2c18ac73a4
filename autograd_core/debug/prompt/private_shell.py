"""IPython's debugger wants an IPython shell: one that leaves no traces where none runs.

In ``python train.py`` there is none.  The debugger would then start a full terminal shell,
with a profile and a history on disk, a title for the terminal, and itself as *the* shell of
the process.
"""

from __future__ import annotations

import builtins
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def some_shell(needed: bool = True) -> Iterator[bool]:
    """Have a shell while the block runs: the one that is there, or a private one.

    Yields
    ------
    bool
        Whether it is private: then only who asked for it inside the block keeps it.
    """
    if not needed:
        yield False
        return
    from IPython.core.interactiveshell import InteractiveShell

    if InteractiveShell.initialized():
        yield False
        return
    from IPython.core.profiledir import ProfileDir
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    main, before = sys.modules["__main__"], dict(vars(builtins))
    # A profile without a place, and a folder that exists: nothing is written.
    InteractiveShell.instance(
        config=config, profile_dir=ProfileDir(), ipython_dir=tempfile.gettempdir()
    )
    try:
        yield True
    finally:
        InteractiveShell.clear_instance()
        sys.modules["__main__"] = main
        for name in vars(builtins).keys() - before.keys():
            delattr(builtins, name)


def no_colours_unless_shown(prompt: Any) -> None:
    """Plain text where nobody sees colours: in a file, a pipe, or by the user's wish."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return
    if hasattr(prompt, "set_theme_name"):
        prompt.set_theme_name("nocolor")
    else:  # IPython 8
        prompt.set_colors("NoColor")
