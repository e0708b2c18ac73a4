"""The words after a magic's name."""

from pathlib import Path

import pytest
from IPython.core.error import UsageError

from jupyter_ext.magics import FLOW, TRACE
from jupyter_ext.options import read_options


@pytest.mark.parametrize(
    ("line", "values", "rest"),
    [
        ("", {}, ""),
        ("  ", {}, ""),
        ("--every 3", {"every": 3}, ""),
        ("--every=3 --stats off", {"every": 3, "stats": "off"}, ""),
        ("--stats basic f(x, y=-1)", {"stats": "basic"}, "f(x, y=-1)"),
        ("--format png f() # --every 3", {"format": "png"}, "f() # --every 3"),
        ("a - --b", {}, "a - --b"),
        ("--frames f()", {"frames": True}, "f()"),
        ("--frames --every 2", {"frames": True, "every": 2}, ""),
        ("--break nan", {"break": ["nan"]}, ""),
        ("--break nan --every 2 --break 'norm > 1e3 once' f()",
         {"break": ["nan", "norm > 1e3 once"], "every": 2}, "f()"),
        ('--script "grad; over; continue"', {"script": "grad; over; continue"}, ""),
    ],
)  # fmt: skip
def test_reads_options_and_leaves_the_rest(line: str, values: dict, rest: str) -> None:
    assert read_options("%autograd_trace", TRACE, line) == (values, rest)


@pytest.mark.parametrize("quoted", ['"{}"', "'{}'"])
def test_quotes_keep_blanks_together(quoted: str, tmp_path: Path) -> None:
    path = tmp_path / "a b.agtrace"
    found, rest = read_options("%x", TRACE, f"--save {quoted.format(path)} x")
    assert (found, rest) == ({"save": str(path)}, "x")


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_options("%x", TRACE, "--save ~/t")[0] == {"save": str(tmp_path / "t")}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--evry 3", r"^%%m has no option --evry \(did you mean --every\?\); its options are "),
        ("--evry 3", r" --frames, --every N, --stats off\|basic\|full, --save FILE, --format "),
        ("--zzz", r"^%%m has no option --zzz; its options are --break COND, "),
        ("--iteration 1", r"^%%m has no option --iteration; its options are "),
        ("--frames=1", r"^%%m --frames takes no value$"),
        ("--break", r"^%%m --break needs a value: --break COND$"),
        ('--break "norm > 1', r'^%%m --break: the quote " is never closed$'),
        ("--break op:Mull", r"^%%m --break .*Mull.*did you mean"),
        ("--break 'nrm > 3'", r"^%%m --break .*nrm"),
        ("--script ' ; '", r"^%%m --script needs commands, e.g. --script \"grad; over; continue\""),
        ("-- x", r"^%%m has no option --; its options are "),
        ("--every", r"^%%m --every needs a value: --every N$"),
        ("--every 0", r"^%%m --every needs a whole number of at least 1, got '0'$"),
        ("--every 2.5", r"at least 1, got '2.5'$"),
        ("--stats all", r"^%%m --stats needs one of off, basic, full, got 'all'$"),
        ("--save /", r"^%%m --save needs the name of a file, but '/' is a folder$"),
        ("--save /no/such/f", r"cannot write '/no/such/f': the folder '/no/such' does not exist$"),
    ],
)  # fmt: skip
def test_says_in_one_sentence_what_is_wrong(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_options("%%m", TRACE, line)


def test_an_iteration_may_be_zero() -> None:
    assert read_options("%autograd_flow", FLOW, "--iteration 0")[0] == {"iteration": 0}
    with pytest.raises(UsageError, match="counted from 0, got '-1'"):
        read_options("%autograd_flow", FLOW, "--iteration -1")
