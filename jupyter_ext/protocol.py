"""What a front end and a kernel say to each other about a paused run, as JSON.

The name ``autograd_core.debug`` is the type of a control message and the target of a comm;
both carry the same requests and replies.  Events come back on every open comm, and as
``autograd_core.debug_event`` on iopub once somebody asked for them on the control channel.

::

    request   {"command": "over", "arguments": {"count": 2}, "id": 7}
    reply     {"id": 7, "ok": true, "result": {"queued": true}}
              {"id": 7, "ok": false, "error": "nothing is paused, so ..."}
    event     {"event": "paused", "state": {...}}

A request is answered at once, also while the main thread is blocked: by a snapshot (state,
breakpoints), by doing it (break, enable, disable, clear), or by putting it on the queue that
the paused main thread reads (everything else; the next event says what came of it).  What is
asked about a trace (hello, iteration, detail) is answered from what was recorded, with the
buffers of frames beside the reply.  JSON has no NaN and no infinity: such numbers are the
texts "nan", "inf" and "-inf".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

NAME = "autograd_core.debug"
"""Control message type and comm target."""
REPLY = NAME + "_reply"
EVENT = NAME + "_event"
FRAME = NAME + "_frame"
"""Rows of a trace for the panel, where no widget gets them; see `traces`."""
FASTEST = 20.0
"""How often a second rows of a trace are sent at most."""

SNAPSHOTS = ("state", "breakpoints")
"""Commands answered from what is known."""
BREAKPOINTS = ("break", "enable", "disable", "clear")
"""Commands done at once, paused or not."""
TRACE = ("hello", "history", "iteration", "detail", "subscribe")
"""Commands answered from the trace that runs or was recorded last; see `traces`."""


class Place(TypedDict):
    """A line of the user's code; number and id where it stands in a cell."""

    file: str
    line: int
    text: str
    where: str
    execution_count: NotRequired[int]
    cell_id: NotRequired[str]


class State(TypedDict, total=False):
    """What there is to know of the run; beyond `status` and `breakpoints` only at a stop."""

    status: str
    """``idle``, ``running`` or ``paused``."""
    reason: str
    phase: str
    """``backward``, ``forward`` or ``python``."""
    node: dict[str, Any]
    """``seq``, ``op``, ``scope``, ``name``."""
    location: Place | None
    gradients: list[dict[str, Any]]
    saved: list[dict[str, Any]]
    steps_done: int
    can_back: int
    depth: int
    breakpoints: list[dict[str, Any]]
    warnings: list[str]
    held: str
    """Why commands can't be taken now although the run is paused; missing if they can."""
    input_request: str | None
    """The id of the input_request that still waits under the cell, if one does.  A front end
    that can type into that box answers it with the command, which closes the box; one that
    sends the command another way closes the box when the run has gone on."""


class Reply(TypedDict, total=False):
    """The answer to one request."""

    id: Any
    ok: bool
    error: str
    result: dict[str, Any]
    buffers: list[bytes]
    """Those of the frames in the result; they travel beside the JSON."""


class Event(TypedDict, total=False):
    """What a front end hears without asking."""

    event: str
    """``paused``, ``running``, ``edited``, ``ended``, ``breakpoints`` or ``preview``."""
    state: State
    id: Any
    """With ``preview``: that of the request."""
    result: dict[str, Any]


class BadRequestError(ValueError):
    """A request that says nothing sensible; the message is one sentence for the sender."""


@dataclass(frozen=True)
class Request:
    """One command of a front end.

    Attributes
    ----------
    command : str
        One of `COMMANDS`.
    arguments : dict
        What it needs, by name, checked.
    id : Any
        Comes back with the reply.
    """

    command: str
    arguments: dict[str, Any]
    id: Any = None

    @property
    def line(self) -> str:
        """What a person would type for it."""
        if self.command == "command":
            return str(self.arguments["line"])
        if self.command == "edit":
            return f"edit {self.arguments.get('output', 0)}: {self.arguments['expression']}"
        return " ".join([self.command, *(str(value) for value in self.arguments.values())])


def read_request(content: Any) -> Request:
    """Check what arrived.

    Raises
    ------
    BadRequestError
        Saying what is wrong with it.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("command"), str):
        raise BadRequestError('a request is an object with a "command"')
    command, arguments = content["command"], content.get("arguments") or {}
    if command not in COMMANDS:
        raise BadRequestError(f"no command {command!r}; there are {', '.join(COMMANDS)}")
    if not isinstance(arguments, Mapping):
        raise BadRequestError(f'the "arguments" of {command} must be an object')
    known = COMMANDS[command]
    for name, value in arguments.items():
        if name not in known:
            takes = ", ".join(known) or "no arguments"
            raise BadRequestError(f"{command} has no argument {name!r}; it takes {takes}")
        _check_kind(command, name, value, known[name])
    for name, kind in known.items():
        if not kind.optional and name not in arguments:
            raise BadRequestError(f'{command} needs the argument "{name}", {kind.words}')
    return Request(command, dict(arguments), content.get("id"))


@dataclass(frozen=True)
class _Kind:
    words: str
    fits: Callable[[Any], bool]
    optional: bool = True


def _is_number(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value.splitlines()) == 1


_LINE = _Kind("one line of text", _is_line, optional=False)
_COUNT = _Kind("a whole number of at least 1", lambda value: _is_number(value, 1))
_INDEX = _Kind("a whole number of at least 0", lambda value: _is_number(value, 0))
_NUMBER = _Kind("the number of a breakpoint", lambda value: _is_number(value, 1), optional=False)
_FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
_NAME = _Kind("a name", lambda value: isinstance(value, str))
_ROW = _Kind("a whole number of at least 0", lambda value: _is_number(value, 0), optional=False)
_RATE = _Kind(
    f"a number of times a second, 1 to {FASTEST:.0f}",
    lambda value: _is_number(value, 1) and value <= FASTEST,
    optional=False,
)

COMMANDS: dict[str, dict[str, _Kind]] = {
    "state": {"listen": _FLAG},
    "breakpoints": {},
    "break": {"text": _LINE, "once": _FLAG, "ignore": _INDEX, "every": _COUNT},
    "enable": {"number": _NUMBER},
    "disable": {"number": _NUMBER},
    "clear": {"number": _COUNT},
    "over": {"count": _COUNT},
    "into": {},
    "out": {},
    "until": {"target": _LINE},
    "continue": {},
    "back": {"count": _COUNT},
    "stop": {},
    "edit": {"expression": _LINE, "output": _INDEX},
    "replay": {},
    "command": {"line": _LINE},
    "preview": {"gradient": _INDEX, "saved": _NAME},
    "hello": {},
    "history": {"trace": _NAME},
    "iteration": {"number": _ROW, "trace": _NAME},
    "detail": {"node": _ROW, "trace": _NAME},
    "subscribe": {"rate": _RATE},
}
"""Every command, and the arguments that it takes."""


def _check_kind(command: str, name: str, value: Any, kind: _Kind) -> None:
    if not kind.fits(value):
        raise BadRequestError(f'{command} needs {kind.words} as "{name}", got {value!r}')


def plain(value: Any) -> Any:
    """Make a value fit for JSON: plain numbers, lists and dicts; NaN and infinities as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
