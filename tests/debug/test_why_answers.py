"""The answer itself: as text, as JSON, and what a question may be about."""

import json

import autograd_core as ag
from autograd_core import nn
from autograd_core.debug.why import Diagnosis, Suspect, why
from autograd_core.debug.why.several import worst
from autograd_core.source import Location

LINE = Location("<b>train</b>.py", 12, "step", "y = x.log()  # <script>alert(1)</script>")


def full():
    inner = Diagnosis("vanishing", "the norm falls.")
    nodes = tuple(Suspect(f"Op{i}Backward0", LINE, scope=("net", "0"), seq=i) for i in range(8))
    return Diagnosis(
        "nan_origin", "log made NaN " * 20, LINE, nodes, "clamp it.", "the values.", False,
        (inner,) * 7,
    )  # fmt: skip


def test_text():
    text = str(full())
    assert text.startswith("perhaps nan_origin: log made NaN")
    assert "where    <b>train</b>.py:12: y = x.log()" in text
    assert "and 3 more" in text
    assert "remedy   clamp it." in text
    assert "unknown  the values." in text
    assert text.count("also") == 6
    assert max(map(len, text.splitlines())) <= 100
    assert repr(full()) == text


def test_text_from_user_code_is_never_markup():
    assert not hasattr(full(), "_repr_html_")
    assert not hasattr(full(), "_repr_markdown_")
    assert "<script>" in str(full())


def test_json():
    found = json.loads(json.dumps(full().as_dict()))
    assert found["cause"] == "nan_origin"
    assert found["sure"] is False
    assert found["location"]["line"] == 12
    assert found["nodes"][3] == {
        "op": "Op3Backward0", "name": "", "scope": ["net", "0"], "seq": 3, "row": None, "note": "",
        "location": found["location"],
    }  # fmt: skip
    assert len(found["nodes"]) == 8
    assert len(found["others"]) == 7
    assert found["others"][0]["cause"] == "vanishing"


def test_answers_of_real_questions_are_json():
    w = ag.tensor([0.0, 1.0], requires_grad=True)
    loss = w.log().sum()
    for asked in (loss, w, loss.grad_fn, loss.detach(), [loss], None, nn.Linear(1, 1)):
        json.dumps(why(asked).as_dict())


def test_the_worst_comes_first():
    none = Diagnosis("nothing_found", "all is well")
    mild, bad = Diagnosis("graph_changed", ""), Diagnosis("nan_origin", "")
    found = worst([mild, None, none, bad], none)
    assert found.cause == "nan_origin"
    assert [d.cause for d in found.others] == ["graph_changed"]
    assert worst([None, none], none) is none


def test_none():
    w = ag.ones(2, requires_grad=True)
    found = why(w.grad)
    assert not found
    assert "why(w)" in found.remedy


def test_no_user_code_runs():
    calls = []

    class Counted(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            calls.append("forward")
            ctx.save_for_backward(x)
            return x.log()

        @staticmethod
        def backward(ctx, g):
            calls.append("backward")
            return g / ctx.saved_tensors[0]

    def packed(x):
        calls.append("pack")
        return x

    def unpacked(x):
        calls.append("unpack")
        return x

    w = ag.tensor([0.0, 1.0], requires_grad=True)
    with ag.autograd.graph.saved_tensors_hooks(packed, unpacked):
        loss = (Counted.apply(w) * w.exp()).sum()
    before = list(calls)
    found = why(loss)
    assert found.cause == "inf_origin"
    assert why(w) is not None
    assert why([loss]) is not None
    assert why(loss.grad_fn) is not None
    assert calls == before


def test_an_empty_model():
    assert "no parameters" in why(nn.Module()).message
