"""Requests of front ends: what is understood, what is refused and in which words, JSON."""

import json

import numpy as np
import pytest

from jupyter_ext.protocol import BadRequestError, plain, read_request


@pytest.mark.parametrize(
    ("command", "arguments", "line"),
    [
        ("over", {}, "over"),
        ("over", {"count": 3}, "over 3"),
        ("back", {"count": 2}, "back 2"),
        ("until", {"target": "norm > 1e3"}, "until norm > 1e3"),
        ("edit", {"expression": "grad * 2"}, "edit 0: grad * 2"),
        ("edit", {"expression": "0", "output": 1}, "edit 1: 0"),
        ("continue", {}, "continue"),
        ("stop", {}, "stop"),
        ("into", {}, "into"),
        ("out", {}, "out"),
        ("replay", {}, "replay"),
        ("command", {"line": "p grad"}, "p grad"),
    ],
)
def test_a_request_is_what_a_person_would_type(command: str, arguments: dict, line: str) -> None:
    request = read_request({"command": command, "arguments": arguments, "id": 7})
    assert (request.line, request.id) == (line, 7)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("over", 'a request is an object with a "command"'),
        ({"arguments": {}}, 'a request is an object with a "command"'),
        ({"command": "fly"}, "no command 'fly'; there are state, breakpoints, break, "),
        ({"command": "over", "arguments": [2]}, 'the "arguments" of over must be an object'),
        ({"command": "over", "arguments": {"n": 2}}, "over has no argument 'n'; it takes count"),
        ({"command": "into", "arguments": {"n": 2}}, "into has no argument 'n'; it takes no argu"),
        ({"command": "until"}, 'until needs the argument "target", one line of text'),
        (
            {"command": "edit", "arguments": {"expression": "a\nb"}},
            "edit needs one line of text as \"expression\", got 'a\\nb'",
        ),
        (
            {"command": "over", "arguments": {"count": True}},
            'over needs a whole number of at least 1 as "count", got True',
        ),
        (
            {"command": "clear", "arguments": {"number": 0}},
            'clear needs a whole number of at least 1 as "number", got 0',
        ),
    ],
)
def test_a_bad_request_is_refused_in_a_sentence(content: object, said: str) -> None:
    with pytest.raises(BadRequestError) as error:
        read_request(content)
    assert str(error.value).startswith(said)


def test_everything_becomes_json_that_browsers_read() -> None:
    state = {
        "norm": float("nan"),
        "range": (np.float32("-inf"), np.int64(3)),
        "flag": np.bool_(True),
        "shape": (2, 3),
        "what": {1: np.dtype("float32"), "none": None},
    }
    text = json.dumps(plain(state), allow_nan=False)
    assert json.loads(text) == {
        "norm": "nan",
        "range": ["-inf", 3],
        "flag": True,
        "shape": [2, 3],
        "what": {"1": "float32", "none": None},
    }
