"""A recorded trace as a widget, where there are no magics (marimo), or later."""

import json
import struct
from typing import Any

import pytest

pytest.importorskip("anywidget", reason="the widget needs anywidget (the extra 'lab')")

import jupyter_ext
from autograd_core import debug, ones


def recorded() -> debug.Trace:
    """Two iterations of a small backward."""
    with debug.trace() as trace:
        for _ in range(2):
            w = ones(2, requires_grad=True)
            (w * 3.0).tanh().sum().backward()
    return trace


def asked(widget: Any, monkeypatch: pytest.MonkeyPatch, **request: Any) -> list[dict[str, Any]]:
    """What the widget sends when the browser asks it something."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        type(widget), "send", lambda self, content, buffers=None: sent.append(content)
    )
    widget._handle_custom_msg({"id": 7, **request}, [])
    return sent


def frames_in(snapshot: bytes) -> list[dict[str, Any]]:
    """The headers of saved frames."""
    found, at = [], 0
    while at < len(snapshot):
        for is_header in (True, False):
            (length,) = struct.unpack_from("<I", snapshot, at)
            if is_header:
                found.append(json.loads(snapshot[at + 4 : at + 4 + length]))
            at += 4 + length
    return found


def test_it_holds_the_last_iteration_and_the_summary() -> None:
    trace = recorded()
    widget = jupyter_ext.graph(trace)
    assert widget.summary == trace.summary()
    headers = frames_in(widget.snapshot)
    assert headers[0]["iteration"] == 1
    assert sum(header["tables"]["nodes"]["count"] for header in headers) == 4
    assert repr(widget) == "AutogradGraph()"


def test_it_answers_what_the_trace_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = recorded()
    widget = jupyter_ext.graph(trace)
    sent = asked(widget, monkeypatch, command="hello")
    assert [message["type"] for message in sent] == ["frame", "event", "reply"]
    assert sent[1]["state"] == {"status": "idle"}
    (frame,) = asked(widget, monkeypatch, command="iteration", arguments={"number": 0})
    assert (frame["iteration"], frame["live"]) == (0, False)
    (detail,) = asked(widget, monkeypatch, command="detail", arguments={"node": 0})
    assert "tanh" in "".join(detail["source"]["lines"])


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"command": "over"}, "nothing to drive"),
        ({"command": "iteration", "arguments": {"number": 9}}, "iteration 9 is not in the trace"),
        ({"command": "detail", "arguments": {}}, "can't be answered"),
    ],
)
def test_it_refuses_the_rest_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any], says: str
) -> None:
    (reply,) = asked(jupyter_ext.graph(recorded()), monkeypatch, **request_)
    assert reply["id"] == 7
    assert not reply["ok"]
    assert says in reply["error"]


def test_an_empty_trace_has_a_widget_too() -> None:
    with debug.trace() as trace:
        pass
    assert jupyter_ext.graph(trace).snapshot == b""
