"""Conditions: what text says, what is wrong with it, and when it holds."""

import numpy as np
import pytest
from conditions_drawn import any_text, joined, measured, moments, program, trees
from driven import stops
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import debug
from autograd_core.debug.breakpoints.breakpoints import Breakpoints
from autograd_core.debug.breakpoints.conditions import (
    Condition,
    ConditionError,
    check,
    parse,
)
from autograd_core.debug.breakpoints.conditions.syntax import ALL_WORDS
from autograd_core.debug.breakpoints.conditions.tree import (
    And,
    Cell,
    Compare,
    Flag,
    Iteration,
    Line,
    Module,
    Name,
    Not,
    Op,
    Or,
    Python,
)
from autograd_core.debug.breakpoints.moment import Moment
from autograd_core.debug.trace import traced

NAN, INF, ZERO = Flag("nan"), Flag("inf"), Flag("zero")
KEPT, NODES = program()


# ------------------------------------------------------------------ text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("nan", NAN),
        ("NaN OR Inf", Or((NAN, INF))),
        ("norm > 1e3", Compare("norm", ">", 1000.0)),
        ("norm>1e3", Compare("norm", ">", 1000.0)),
        ("rms <= -1e-7", Compare("rms", "<=", -1e-7)),
        ("max == inf", Compare("max", "==", float("inf"))),
        ("zeros > 90%", Compare("zeros", ">", 0.9)),
        ("op:Addmm", Op("Addmm")),
        ("op: Addmm", Op("Addmm")),
        ("OP:[AM]*", Op("[AM]*")),
        ("module:encoder.*", Module("encoder.*")),
        ("name:'two words'", Name("two words")),
        ("line:12", Line("", 12, 12)),
        ("line:12-20", Line("", 12, 20)),
        ("model.py:42", Line("model.py", 42, 42)),
        ("src/model:42-43", Line("src/model", 42, 43)),
        (r"C:\my\model.py:42", Line(r"C:\my\model.py", 42, 42)),
        ('"<string>":3', Line("<string>", 3, 3)),
        ("name.py:3", Line("name.py", 3, 3)),
        ("cell:3", Cell(3)),
        ("cell:3:12", Cell(3, 12, 12)),
        ("iter:5", Iteration(5, 5)),
        ("iter:5-8", Iteration(5, 8)),
        ("iter > 5", Iteration(6, None)),
        ("iter<3", Iteration(0, 2)),
        ("iter != 3", Not(Iteration(3, 3))),
        ("nan or inf and zero", Or((NAN, And((INF, ZERO))))),
        ("(nan or inf) and not zero", And((Or((NAN, INF)), Not(ZERO)))),
        ("not nan and inf", And((Not(NAN), INF))),
        ("not not (nan)", Not(Not(NAN))),
        ("py: grad.max() > 3 and (1 or 2)", Python("grad.max() > 3 and (1 or 2)")),
        ("nan or not py:True", Or((NAN, Not(Python("True"))))),
    ],
)
def test_what_text_says(text, tree):
    assert parse(text).tree == tree


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nan", ("backward", False, 0, 1)),
        ("forward nan", ("forward", False, 0, 1)),
        ("backward nan once", ("backward", True, 0, 1)),
        ("nan ignore 3 every 10 once", ("backward", True, 3, 10)),
        ("forward once every 2 py: True", ("forward", True, 0, 2)),
        ("ignore 4 nan once", ("backward", True, 4, 1)),
    ],
)
def test_phase_and_modifiers(text, expected):
    c = parse(text)
    assert (c.phase, c.once, c.ignore, c.every) == expected
    assert c.text == text


@pytest.mark.parametrize(
    ("text", "column", "remedy"),
    [
        ("", 1, "conditions are nan, inf"),
        ("forward", 8, "conditions are nan, inf"),
        ("nrom > 3", 1, "did you mean 'norm'?"),
        ("norm 3", 6, "write for example norm > 1e3"),
        ("norm = 3", 6, "did you mean '=='?"),
        ("norm > x", 8, "write for example 'norm > 0.5'"),
        ("norm > nan", 8, "write 'nan' alone"),
        ("1e3 < norm", 1, "its statistic on the left"),
        ("nan > 3", 5, "only norm, rms, min, max, zeros and iter are compared"),
        ("zeros > 5", 9, "'zeros > 90%'"),
        ("nan inf", 5, "join conditions by 'and' or 'or'"),
        ("nan && inf", 5, "did you mean 'and'?"),
        ("nan onse", 5, "did you mean 'once'?"),
        ("!nan", 1, "did you mean 'not nan'?"),
        ("(nan", 1, "add a ')'"),
        ("nan)", 4, "take it away"),
        ("()", 2, "conditions are nan, inf"),
        ("nan and", 8, "conditions are nan, inf"),
        ("nan once inf", 10, "come last"),
        ("nan once once", 10, "leave one of them out"),
        ("nan ignore x", 12, "'ignore 10'"),
        ("nan every 0", 11, "'every 10'"),
        ("nan forward", 5, "in front of the whole condition"),
        ("opp:Mul", 1, "did you mean 'op:Mul'?"),
        ("lin:12", 1, "did you mean 'line:12'?"),
        ("op:", 1, "as in op:Addmm"),
        ("line:9-3", 1, "as in line:12"),
        ("cell:x", 1, "as in cell:3 or cell:3:12"),
        ("model.py", 1, "as in model.py:42"),
        ("model.py:4x", 1, "as in model.py:42"),
        ("iter < 0", 8, "they count from 0"),
        ("iter 5", 6, "iter > 5 or iter:5"),
        ("forward name:w1", 9, "leave out 'forward'"),
        ("op:'abc", 4, "add another '"),
        ("py:", 4, "as in 'py: grad.abs().max() > 3'"),
        ("py: grad = 3", 10, "write one expression"),
        ("py: grad.sum() once", 16, "in front of it"),
        ("(nan or py: 3)", 14, "outside of parentheses"),
        ("(" * 101 + "nan", 101, "write it flatter"),
    ],
)
def test_what_is_wrong_is_said_with_the_place_and_a_remedy(text, column, remedy):
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert f"at column {column} of " in str(caught.value)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_is_text():
    with pytest.raises(TypeError, match="got int"):
        parse(3)


@given(
    st.lists(st.sampled_from([*ALL_WORDS, "(", ")", ">", "1e3", "w1", "x.py:3", "'"]) | st.text())
)
def test_any_text_is_a_condition_or_a_condition_error(words):
    text = " ".join(words)
    try:
        condition = parse(text)
    except ConditionError:
        return
    assert parse(str(condition)) == condition


@given(
    joined(measured | any_text) | trees, st.booleans(), st.sampled_from([0, 1, 7]),
    st.sampled_from([1, 3]), st.data(),
)  # fmt: skip
def test_printed_and_parsed_back_it_is_the_same(tree, once, ignore, every, data):
    condition = Condition("", tree, "backward", once, ignore, every)
    again = parse(str(condition))
    assert again == condition
    assert hash(again) == hash(condition)
    moment = data.draw(moments(NODES))
    assert again.matches(moment) == condition.matches(moment)


# ------------------------------------------------------------------ meaning


def test_statistics():
    x = ag.tensor([3.0, 0.0, -4.0], requires_grad=True)

    def run():
        x.sin().backward(ag.tensor([3.0, 0.0, -4.0]))

    for text, holds in {
        "norm == 5": True, "norm > 5": False, "norm >= 5": True, "rms < 2.9": True,
        "rms > 2.9": False, "max == 3": True, "min < -3.9": True, "min < -4": False,
        "zeros > 33%": True, "zeros > 34%": False, "zeros > 0.5": False, "nan": False, "inf": False,
        "zero": False, "norm != 5": False, "not nan": True,
    }.items():  # fmt: skip
        assert ("SinBackward0" in stops(text, run)) == holds, text


@pytest.mark.parametrize(
    ("values", "holding"),
    [
        ([np.nan, 0.0], {"nan", "not norm > 0", "max == 0", "norm != 3"}),
        ([np.inf, 1.0], {"inf", "norm > 1e30", "max == inf", "norm != 3"}),
        (
            [0.0, 0.0],
            {"zero", "zeros >= 1", "norm < 1e-7", "max == 0", "not norm > 0", "norm != 3"},
        ),
        ([1e-30, 0.0], {"norm < 1e-7", "norm != 3", "norm > 1e-31"}),
    ],
)
def test_values_that_are_no_ordinary_numbers(values, holding):
    texts = {"nan", "inf", "zero", "norm > 1e30", "max == inf", "zeros >= 1", "norm < 1e-7",
             "max == 0", "not norm > 0", "norm != 3", "norm > 1e-31"}  # fmt: skip
    moment = Moment("backward", NODES[0], (np.array(values, np.float32),))
    holding = holding | ({"norm > 1e-31"} if "norm > 1e30" in holding else set())
    assert {t for t in texts if parse(t).matches(moment)} == holding


def test_no_gradient_has_no_statistics():
    moment = Moment("backward", NODES[0], (None,))
    texts = ["nan", "zero", "norm < 1", "norm >= 0", "max < 1", "zeros == 0"]
    assert not any(parse(t).matches(moment) for t in texts)
    assert parse("not nan and py: grad is None and grads == (None,)").matches(moment)


@pytest.mark.parametrize(
    "word", ["MulBackward0", "Mul", "mul", "MUL", "mulbackward", "M?l", "[a-m]*", "mul*"]
)
def test_an_op_goes_by_many_names(word):
    w = ag.tensor([2.0], requires_grad=True)
    assert stops(f"op:{word}", lambda: (w * 3.0).backward())[0] == "MulBackward0"
    assert "MulBackward0" not in stops(f"op:{word}", lambda: w.sin().backward())


def test_the_name_of_an_op_that_differs_from_its_node():
    w = ag.tensor([2.0], requires_grad=True)
    assert stops("op:sum_all", lambda: w.sum().backward()) == ["SumBackward0"]
    assert stops("op:log_softmax", lambda: w.log_softmax(0).backward())[0] == "LogSoftmaxBackward0"
    assert stops("op:PowBackward1", lambda: (w**2).backward()) == []


def test_a_custom_function():
    class Twice(ag.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = ag.tensor([2.0], requires_grad=True)
    for word in ("Twice", "twice", "TwiceBackward"):
        assert check(parse(f"op:{word}")) == ""
        assert stops(f"op:{word}", lambda: Twice.apply(w).backward()) == ["TwiceBackward"]


class Encoder(ag.nn.Sequential):
    def forward(self, x):
        return super().forward(x).exp()


class Net(ag.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(ag.nn.Linear(2, 2), ag.nn.ReLU())
        self.head = ag.nn.Linear(2, 1)

    def forward(self, x):
        return self.head(self.encoder(x) * 2.0)


def test_modules():
    model = Net()

    def run():
        with debug.trace():  # nodes know their module while somebody listens
            loss = model(ag.ones(1, 2)).sum()
        loss.backward()

    inside = stops("module:encoder.*", run)
    assert {"ReluBackward0", "ExpBackward0"} <= set(inside)
    assert "MulBackward0" not in inside
    for same in ("encoder", "model.encoder", "model.encoder.*", "e*r"):
        assert stops(f"module:{same}", run) == inside, same
    assert stops("module:model", run) == stops("op:* and not op:Sum", run)
    assert stops("module:decoder", run) == []
    assert "ReluBackward0" not in stops("module:encoder.0", run)


def test_names_of_leaves():
    model, w1 = Net(), ag.tensor([1.0], requires_grad=True)

    def run():
        (model(ag.ones(1, 2)).sum() * w1).sum().backward()

    assert stops("name:w1", run) == ["w1"]
    for pattern in ("model.head.weight", "head.weight", "*head.w*"):
        assert stops(f"name:{pattern}", run) == ["model.head.weight"]
    assert sorted(stops("name:*", run)) == [
        "model.encoder.0.bias", "model.encoder.0.weight", "model.head.bias", "model.head.weight",
        "w1",
    ]  # fmt: skip


def test_a_name_that_the_user_gave():
    w = ag.tensor([1.0], requires_grad=True)
    w.name = "my weight"
    assert stops("name:'my weight'", lambda: w.sin().backward()) == ["my weight"]


def test_a_parameter_that_only_an_attribute_leads_to():
    class Trainer:
        def __init__(self):
            self.net = Net()

        def step(self):
            self.net(ag.ones(1, 2)).sum().backward()

    assert stops("name:head.weight", Trainer().step) == ["head.weight"]


def test_lines():
    w = ag.tensor([1.0], requires_grad=True)
    code = compile("y = w.sin()\nz = y * y\nz.backward()", "/some where/model.py", "exec")

    def run():
        exec(code, {"w": w})

    assert stops("model.py:1", run) == ["SinBackward0"]
    for text in ("model.py:2", "'some where/model.py':2", "'/some where/model.py':2",
                 "line:2-3 and *.py:1-2 and not line:1", "mod*.py:2"):  # fmt: skip
        assert stops(text, run) == ["MulBackward0"], text
    assert stops("del.py:2", run) == []
    assert stops("line:2 and not model.py:2", run) == []


def test_cells(monkeypatch):
    w = ag.tensor([1.0], requires_grad=True)
    code = compile("y = w.sin()\ny.backward()", "<cell>", "exec")

    def run():
        exec(code, {"w": w})

    assert stops("cell:7", run) == []
    monkeypatch.setattr(
        traced, "annotate", lambda at: {"execution_count": 7} if at.file == "<cell>" else {}
    )
    assert stops("cell:7", run) == stops("cell:7:1", run) == ["SinBackward0"]
    assert stops("cell:7:2", run) == stops("cell:8", run) == []


def test_iterations():
    w = ag.tensor([1.0], requires_grad=True)
    for text, holds in {"iter:3": 1, "iter:2": 0, "iter:1-3": 1, "iter > 3": 0, "iter>=3": 1,
                        "iter != 3": 0}.items():  # fmt: skip
        found = stops(f"op:Sin and {text}", lambda: w.sin().backward(), iteration=3)
        assert found == ["SinBackward0"] * holds, text


def test_python():
    a, b = ag.tensor([1.0, 5.0], requires_grad=True).unbind()
    assert stops("py: len(grads) == 2 and grad.item() > 0", lambda: (a * b).backward()) == [
        "UnbindBackward0"
    ]
    w = ag.tensor([1.0], requires_grad=True)
    seen = stops(
        "py: node.name() == 'SinBackward0' and bool(np.isfinite(grad.numpy()).all()) "
        "and ag.is_tensor(grads[0])",
        lambda: w.sin().backward(),
    )
    assert seen == ["SinBackward0"]


def test_python_can_not_write_into_the_gradient():
    moment = Moment("backward", NODES[0], (np.ones(2, np.float32),))
    with pytest.raises((RuntimeError, ValueError)):
        parse("py: grad.mul_(2).sum() > 0").matches(moment)
    assert moment.grads[0].tolist() == [1.0, 1.0]


def test_forward():
    w = ag.tensor([1.0, np.inf], requires_grad=True)
    y = w * 2.0
    node = y.grad_fn
    moment = Moment("forward", node, (y.detach().numpy(),), None, 0, op="mul", scope=("net", "0"))
    for text in ("forward inf", "forward op:Mul", "forward op:MulBackward0", "forward module:net"):
        assert parse(text).matches(moment), text
        assert not parse(text.removeprefix("forward ")).matches(moment), text
    bare = Moment("forward", None, (np.ones(2),), None, 0, op="sum_all", scope=())
    for text in ("forward op:sum_all", "forward op:Sum", "forward op:SumBackward0"):
        assert parse(text).matches(bare), text


# ------------------------------------------------------------------ names that exist


@pytest.mark.parametrize(
    "name", ["Addmm", "AddmmBackward0", "addmm", "AccumulateGrad", "CopySlices", "sum_all", "M*"]
)
def test_known_ops(name):
    assert check(parse(f"op:{name}"), modules=()) == ""


@pytest.mark.parametrize(
    ("name", "like"), [("Admm", "Addmm"), ("relu6x", "relu"), ("softmx", "softmax")]
)
def test_an_unknown_op(name, like):
    with pytest.raises(ConditionError) as caught:
        check(parse(f"nan or op:{name}"))
    said = str(caught.value)
    assert f"there is no operation '{name}'" in said
    assert f"did you mean 'op:{like}'?".lower() in said.lower()
    assert check(parse(f"op:{name}*")).startswith(f"no operation fits 'op:{name}*' yet")


PATHS = ["net", "net.encoder", "net.encoder.0", "net.head"]


@pytest.mark.parametrize(
    "name", ["net", "encoder", "encoder.*", "net.encoder.0", "self.encoder", "en*", "head", "*.0"]
)
def test_known_modules(name):
    assert check(parse(f"module:{name}"), modules=PATHS) == ""


def test_an_unknown_module():
    with pytest.raises(ConditionError, match=r"no module 'encodr'.*did you mean 'module:encoder'"):
        check(parse("not module:encodr"), modules=PATHS)
    note = check(parse("module:encodr.*"), modules=PATHS)
    assert note == "no module fits 'module:encodr.*' yet; did you mean 'module:encoder.*'?"


def test_a_module_that_may_be_made_later():
    note = check(parse("module:xyz"), modules=PATHS)
    assert note == "no module fits 'module:xyz' yet; there are encoder, head, encoder.0"
    assert "no nn.Module exists yet" in check(parse("module:encodr"), modules=())
    made = Breakpoints().add("module:some_thing_else")
    assert "no " in made.note
    assert made.enabled


def test_modules_that_are_alive():
    model = Net()
    assert check(parse("module:model.encoder.1 or module:head or module:model")) == ""
    with pytest.raises(ConditionError, match=r"did you mean 'module:(model\.)?encoder'"):
        check(parse("module:encodre"))
    assert model.head is not None
