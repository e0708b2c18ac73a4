"""The input box under a cell, asked without blocking, so that other commands can come first.

``kernel.raw_input`` sends an input_request and waits for nothing but the answer.  Here the
two are apart: the box opens, and whoever waits looks at it between looking elsewhere.  A box
that nobody has answered stays open while clicked commands run, and is the box of the next
prompt too: front ends keep it below what is printed meanwhile, and cannot be told to take it
away.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

_ASKING = ("raw_input", "getpass")
"""What ``input`` and ``getpass`` are in a kernel."""


class InputBox:
    """Asks the person in front of the cell that is running.

    Parameters
    ----------
    kernel : ipykernel.ipkernel.IPythonKernel
        Whose stdin channel is used; on the main thread only.

    Attributes
    ----------
    request : str or None
        The id of the input_request that waits for its answer.
    """

    def __init__(self, kernel: Any):
        self.kernel = kernel
        self.request: str | None = None
        self._cell: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the front end that runs this cell takes input_requests."""
        return bool(getattr(self.kernel, "_allow_stdin", False))

    def install(self) -> None:
        """Notice when the user's code asks for input itself.

        The kernel then throws away what was typed into our box, without a word to us, and
        takes what is typed there for its own answer: the next prompt needs another box.
        """
        for name in _ASKING:
            setattr(self.kernel, name, self._forgetting(getattr(self.kernel, name)))

    def uninstall(self) -> None:
        """Undo `install`."""
        for name in _ASKING:
            vars(self.kernel).pop(name, None)

    def _forgetting(self, ask: Callable[..., str]) -> Callable[..., str]:
        @wraps(ask)
        def asked(*args: Any, **kwargs: Any) -> str:
            self.request = None
            return ask(*args, **kwargs)

        return asked

    def open(self, prompt: str) -> None:
        """Show the box, unless the one of an earlier prompt of this cell still waits."""
        parent = self.kernel.get_parent("shell")
        cell = parent.get("header", {}).get("msg_id")
        if self.request is not None and self._cell == cell:
            return
        self.drop_answers()
        for stream in (sys.stdout, sys.stderr):  # what was printed before belongs above it
            stream.flush()
        message = self.kernel.session.send(
            self.kernel.stdin_socket,
            "input_request",
            {"prompt": prompt, "password": False},
            parent,
            ident=_address(self.kernel),
        )
        self.request, self._cell = message["header"]["msg_id"], cell

    def answer(self, seconds: float) -> str | None:
        """What was typed, after waiting for it that long at most; None while nothing was.

        Raises
        ------
        EOFError
            When the person closed the input (Ctrl-D).
        """
        socket = self.kernel.stdin_socket
        if not socket.poll(round(seconds * 1000)):
            return None
        _, reply = self.kernel.session.recv(socket)
        if reply is None or not self._is_ours(reply):
            return None
        self.request = None
        value = str(reply["content"].get("value", ""))
        if value == "\x04":
            raise EOFError
        return value

    def drop_answers(self) -> list[str]:
        """Throw away what was typed while nothing was asked; gives the lines that had text."""
        dropped = []
        while True:
            try:
                typed = self.answer(0)
            except EOFError:
                continue
            if typed is not None:
                dropped.append(typed)
            elif not self.kernel.stdin_socket.poll(0):
                return [line for line in dropped if line.strip()]

    def _is_ours(self, reply: dict[str, Any]) -> bool:
        """Whether it answers this box, and not one left over from another cell.

        Front ends that name no request (jupyter_client) have one box at a time.
        """
        asked = (reply.get("parent_header") or {}).get("msg_id")
        return asked is None or asked == self.request


def can_address(kernel: Any) -> bool:
    """Whether this kernel says where an input_request has to go (there is no public way)."""
    return _address(kernel) is not None


def _address(kernel: Any) -> Any:
    try:
        return kernel._parent_ident["shell"]
    except (AttributeError, LookupError):
        return None
