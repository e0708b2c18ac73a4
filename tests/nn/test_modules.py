"""Modules: registration, walking, state, modes, conversion, printing, containers."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.events import Listener, listen


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.out = nn.Linear(4, 2)
        self.register_buffer("scale", ag.ones(1))
        self.register_buffer("scratch", ag.zeros(3), persistent=False)
        self.gain = nn.Parameter(ag.ones(()))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return self.out(x) * self.gain * self.scale


KEYS = [
    "gain", "scale", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
    "out.weight", "out.bias",
]  # fmt: skip


def test_walking_the_tree():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == [k for k in KEYS if k != "scale"]
    assert [n for n, _ in net.named_buffers()] == ["scale", "scratch"]
    assert [n for n, _ in net.named_modules()] == ["", "layers", "layers.0", "layers.1", "out"]
    assert [n for n, _ in net.named_children()] == ["layers", "out"]
    assert net.get_submodule("layers.1") is net.layers[1]
    assert net.get_parameter("layers.1.bias") is net.layers[1].bias
    with pytest.raises(AttributeError, match="ModuleList has no attribute `7`"):
        net.get_submodule("layers.7")


def test_a_shared_parameter_is_listed_once():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_assignment():
    net = Net()
    net.extra = nn.Parameter(ag.ones(2))
    assert "extra" in dict(net.named_parameters())
    net.extra = None
    assert "extra" not in dict(net.named_parameters())
    with pytest.raises(TypeError, match=r"cannot assign '.*Tensor' as parameter 'gain'"):
        net.gain = ag.ones(1)
    with pytest.raises(TypeError, match="as child module 'out'"):
        net.out = 3
    net.scale = ag.zeros(1)
    assert net.state_dict()["scale"].item() == 0
    del net.out
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'out'"):
        net.out


def test_registration_errors():
    net = Net()
    with pytest.raises(KeyError, match="attribute 'forward' already exists"):
        net.register_buffer("forward", ag.ones(1))
    with pytest.raises(KeyError, match=r'contain "\."'):
        net.register_parameter("a.b", None)
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'w'"):
        w = nn.Parameter(ag.ones(1))
        w._fn = (w * 2)._fn
        net.register_parameter("w", w)
    with pytest.raises(TypeError, match="is not a Module subclass"):
        net.add_module("x", ag.ones(1))

    class Early(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(ag.ones(1))

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Early()


def test_state_dict_round_trip():
    net, other = Net(), Net()
    state = net.state_dict()
    assert list(state) == KEYS
    assert all(not v.requires_grad for v in state.values())
    assert str(other.load_state_dict(state)) == "<All keys matched successfully>"
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert a.tolist() == b.tolist()
    state["gain"].fill_(7.0)  # the values share the module's memory
    assert net.gain.item() == 7.0
    assert other.gain.item() == 1.0


def test_load_state_dict_reports_everything_and_changes_nothing():
    net = Net()
    state = net.state_dict()
    before = {k: v.tolist() for k, v in state.items()}
    wrong = OrderedDict((k, ag.zeros(v.shape)) for k, v in state.items())
    del wrong["out.bias"]
    wrong["other"] = ag.ones(1)
    wrong["layers.9.weight"] = ag.ones(1)
    wrong["out.weight"] = ag.zeros(5)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(wrong)
    assert str(caught.value) == (
        "Error(s) in loading state_dict for Net:\n"
        '\tMissing key(s) in state_dict: "out.bias". \n'
        '\tUnexpected key(s) in state_dict: "other", "layers.9.weight". \n'
        "\tsize mismatch for out.weight: copying a param with shape torch.Size([5]) from "
        "checkpoint, the shape in current model is torch.Size([2, 4])."
    )
    assert {k: v.tolist() for k, v in net.state_dict().items()} == before
    del wrong["out.weight"]
    found = net.load_state_dict(wrong, strict=False)
    assert found.missing_keys == ["out.weight", "out.bias"]
    assert found.unexpected_keys == ["other", "layers.9.weight"]
    assert net.gain.item() == 0


def test_load_state_dict_assign():
    net = nn.Linear(2, 2)
    fresh = ag.ones(2, 2)
    net.load_state_dict({"weight": fresh, "bias": ag.zeros(2)}, assign=True)
    assert isinstance(net.weight, nn.Parameter)
    assert net.weight._array is fresh._array


def test_extra_state():
    class Counting(nn.Module):
        seen = 0

        def get_extra_state(self):
            return {"seen": self.seen}

        def set_extra_state(self, state):
            self.seen = state["seen"]

    one, two = Counting(), Counting()
    one.seen = 3
    two.load_state_dict(one.state_dict())
    assert two.seen == 3
    with pytest.raises(RuntimeError, match=r'Missing key.*"_extra_state"'):
        two.load_state_dict({})


def test_loading_bumps_versions():
    net = nn.Linear(2, 2)
    y = net(ag.ones(1, 2, requires_grad=True)).sum()
    net.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match="load_state_dict"):
        y.backward()


def test_modes_and_gradients():
    net = Net()
    assert not net.eval().layers[0].training
    assert net.train().layers[0].training
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net(ag.ones(1, 4)).sum().backward()
    assert net.gain.grad is not None
    net.zero_grad(set_to_none=False)
    assert net.gain.grad.item() == 0
    net.zero_grad()
    assert net.gain.grad is None


def test_conversion():
    net = Net()
    net(ag.ones(1, 4)).sum().backward()
    gain = net.gain
    net.double()
    assert net.gain is gain
    assert all(p.dtype is ag.float64 and p.is_leaf for p in net.parameters())
    assert gain.grad.dtype is ag.float64
    assert net.scale.dtype is ag.float64
    net.to(ag.float32).to("cpu")
    assert net.out.weight.dtype is ag.float32
    norm = nn.BatchNorm1d(2).half()
    assert norm.running_mean.dtype is ag.float16
    assert norm.num_batches_tracked.dtype is ag.int64
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes"):
        net.to(ag.int64)


def test_apply_visits_children_first():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "ReLU", "Sequential"]


def test_copy_and_pickle():
    net = Net()
    twin = copy.deepcopy(net)
    again = pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.1))))
    assert isinstance(again[0].weight, nn.Parameter)
    assert again[0].weight.requires_grad
    assert twin.gain is not net.gain
    assert twin(ag.ones(1, 4)).tolist() == net(ag.ones(1, 4)).tolist()
    twin.gain._array[...] = 5.0
    assert net.gain.item() == 1.0


def test_repr():
    net = nn.Sequential(
        nn.Linear(2, 3), nn.ReLU(inplace=True), nn.ModuleList([nn.Tanh(), nn.Tanh(), nn.GELU()])
    )
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (1): ReLU(inplace=True)\n"
        "  (2): ModuleList(\n"
        "    (0-1): 2 x Tanh()\n"
        "    (2): GELU(approximate='none')\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Parameter(ag.ones(2))) == (
        "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    )


REPRS = [
    "Linear(2,3,bias=False)",
    "Flatten()",
    "Unflatten(1,(2,3))",
    "Identity()",
    "Dropout(.2)",
    "Dropout2d(.1)",
    "LeakyReLU(.2,True)",
    "ELU()",
    "SELU()",
    "CELU(2.)",
    "SiLU(True)",
    "Mish()",
    "Softplus()",
    "Hardtanh(-2,2.)",
    "ReLU6(True)",
    "Hardsigmoid()",
    "Hardswish(True)",
    "Threshold(.1,20.)",
    "Sigmoid()",
    "LogSigmoid()",
    "Softsign()",
    "Tanhshrink()",
    "Hardshrink()",
    "Softshrink(.3)",
    "RReLU()",
    "PReLU(2)",
    "GLU()",
    "Softmax(dim=1)",
    "LogSoftmax(1)",
    "Softmin(1)",
    "LayerNorm(4)",
    "LayerNorm((3,4),elementwise_affine=False)",
    "RMSNorm(4)",
    "LocalResponseNorm(2)",
    "Embedding(4,3)",
    "Embedding(4,3,padding_idx=-1,max_norm=2.)",
    "Conv2d(3,4,3)",
    "AvgPool1d(2)",
    "AvgPool2d(2)",
    "Conv1d(4,4,3,2,padding=1,groups=2,bias=False)",
    "ConvTranspose2d(3,4,3,2,output_padding=1)",
    "Conv2d(2,2,(1,3),dilation=2,padding_mode='circular')",
    "MaxPool2d(2)",
    "MaxPool1d(3,2,1)",
    "AdaptiveAvgPool2d((1,1))",
    "AdaptiveMaxPool1d(3)",
    "CrossEntropyLoss()",
    "MSELoss()",
    "HuberLoss()",
    "ParameterList()",
]


@pytest.mark.parametrize("expression", REPRS)
def test_repr_against_torch(expression):
    torch = pytest.importorskip("torch")
    ours = eval(f"nn.{expression}", {"nn": nn})
    assert repr(ours) == repr(eval(f"nn.{expression}", {"nn": torch.nn}))


# ------------------------------------------------------------------ containers


def test_sequential():
    net = nn.Sequential(OrderedDict(a=nn.Linear(2, 3), b=nn.ReLU(), c=nn.Linear(3, 1)))
    assert net.b is net[1]
    assert list(dict(net[:2].named_children())) == ["a", "b"]
    assert net[-1] is net.c
    net[1] = nn.Tanh()
    assert isinstance(net.b, nn.Tanh)
    assert list(dict(net.named_children())) == ["a", "b", "c"]
    net.append(nn.Sigmoid())
    assert isinstance(net.pop(3), nn.Sigmoid)
    assert len(net) == 3
    with pytest.raises(IndexError, match="index 9 is out of range"):
        net[9]
    plain = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.GELU())
    del plain[0]
    assert list(dict(plain.named_children())) == ["0", "1"]
    plain.insert(1, nn.SiLU())
    assert [type(m).__name__ for m in plain] == ["Tanh", "SiLU", "GELU"]
    assert len(plain + nn.Sequential(nn.ReLU())) == 4


def test_module_list_and_dict():
    layers = nn.ModuleList([nn.Linear(1, 1)])
    layers += [nn.ReLU(), nn.Tanh()]
    assert isinstance(layers[1:], nn.ModuleList)
    assert [type(m).__name__ for m in layers[1:]] == ["ReLU", "Tanh"]
    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        layers(ag.ones(1))
    table = nn.ModuleDict({"a": nn.ReLU()})
    table["b"] = nn.Linear(1, 1)
    assert list(table) == ["a", "b"]
    assert "b" in table
    assert [n for n, _ in table.named_parameters()] == ["b.weight", "b.bias"]
    table.pop("b")
    assert len(table) == 1


def test_parameter_list_and_dict():
    values = nn.ParameterList([ag.ones(1), nn.Parameter(ag.zeros(2))])
    values.append(ag.ones(3))
    assert [tuple(p.shape) for p in values] == [(1,), (2,), (3,)]
    assert [n for n, _ in values.named_parameters()] == ["0", "1", "2"]
    table = nn.ParameterDict({"a": ag.ones(2)})
    assert isinstance(table["a"], nn.Parameter)
    assert list(dict(table.items())) == ["a"]
    del table["a"]
    assert not list(table.parameters())


# ------------------------------------------------------------------ scopes


class Scopes(Listener):
    def __init__(self):
        self.seen = []

    def on_op(self, op, node, inputs, outputs, scope, *rest):
        self.seen.append(".".join(scope))


def test_scope_is_the_path_of_the_running_module():
    net = Net()
    with listen(Scopes()) as heard:
        net(ag.ones(1, 4))
        ag.ones(1) * 2
    assert {"net.layers.0", "net.layers.1", "net.out", "net"} == set(heard.seen) - {""}
    assert heard.seen[-1] == ""


def test_scope_without_a_variable_is_the_class():
    with listen(Scopes()) as heard:
        nn.Sequential(nn.Linear(1, 1))(ag.ones(1, 1))
    assert set(heard.seen) == {"sequential.0"}


def test_scope_is_restored_after_an_error():
    net = nn.Sequential(nn.Linear(2, 2))
    with listen(Scopes()) as heard:
        with pytest.raises(RuntimeError):
            net(ag.ones(1, 3))
        ag.ones(1) * 2
    assert heard.seen[-1] == ""


def test_nodes_of_a_layer_point_at_the_users_line():
    net = nn.Linear(2, 2)
    out = nn.functional.gelu(net(ag.ones(1, 2)))  # this line
    assert out.grad_fn.location.text.endswith("# this line")
    assert out.grad_fn.next_functions[0][0].location.text.endswith("# this line")


# ------------------------------------------------------------------ layers against PyTorch


def same_model(ours, theirs):
    """Give our module the parameters and buffers of PyTorch's."""
    state = {k: ag.tensor(v.numpy()) for k, v in theirs.state_dict().items()}
    ours.load_state_dict(state)


LAYERS = [
    ("Linear(5,3)", (4, 5)),
    ("LayerNorm(5)", (4, 5)),
    ("RMSNorm(5)", (4, 5)),
    ("GroupNorm(2,6)", (3, 6, 4)),
    ("BatchNorm1d(5)", (4, 5)),
    ("BatchNorm2d(3, momentum=None)", (4, 3, 2, 2)),
    ("BatchNorm1d(5, track_running_stats=False)", (4, 5)),
    ("InstanceNorm1d(3, affine=True, track_running_stats=True)", (2, 3, 4)),
    ("Conv2d(3,4,3,padding=1)", (2, 3, 5, 5)),
    ("Conv1d(3,4,3,padding='same',padding_mode='circular')", (2, 3, 5)),
    ("ConvTranspose2d(3,4,3,stride=2)", (2, 3, 4, 4)),
    ("PReLU(3)", (2, 3, 2)),
    ("MaxPool2d(2)", (1, 2, 4, 4)),
    ("AdaptiveAvgPool2d(2)", (1, 2, 5, 4)),
]


@pytest.mark.parametrize(("expression", "shape"), LAYERS)
def test_layer_against_torch(expression, shape):
    torch = pytest.importorskip("torch")
    ours, theirs = eval(f"nn.{expression}"), eval(f"torch.nn.{expression}")
    same_model(ours, theirs)
    rng = np.random.default_rng(0)
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        x = rng.normal(size=shape).astype("f4")
        a, b = ag.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        (ours(a) ** 2).sum().backward()
        (theirs(b) ** 2).sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-3, atol=1e-4)
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        a, b = p.grad.numpy(), q.grad.numpy()
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3, err_msg=name)
    for (name, p), q in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-5, atol=1e-6, err_msg=name)


def test_first_values_of_linear():
    ag.manual_seed(0)
    layer = nn.Linear(400, 300)
    assert abs(layer.weight.numpy(force=True)).max() <= 1 / 20
    assert layer.weight.std().item() == pytest.approx(1 / 20 / 3**0.5, rel=0.02)
    assert abs(layer.bias.numpy(force=True)).max() <= 1 / 20


def test_initialisers():
    ag.manual_seed(1)
    w = nn.Parameter(ag.zeros(300, 400))
    nn.init.xavier_normal_(w)
    assert w.std().item() == pytest.approx((2 / 700) ** 0.5, rel=0.02)
    nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")
    assert w.std().item() == pytest.approx((2 / 300) ** 0.5, rel=0.02)
    nn.init.trunc_normal_(w, std=2.0, a=-1.0, b=1.0)
    assert -1 <= w.min().item() <= w.max().item() <= 1
    nn.init.orthogonal_(w)
    assert (w @ w.t()).allclose(ag.eye(300), atol=1e-4)
    assert w.grad is None
    assert w.is_leaf
    assert nn.init.calculate_gain("leaky_relu", 0.2) == pytest.approx((2 / 1.04) ** 0.5)
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        nn.init.calculate_gain("nothing")
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        nn.init.xavier_uniform_(ag.zeros(3))


def test_clipping_and_vectors():
    net = nn.Linear(2, 1)
    (net(ag.tensor([[3.0, 4.0]])) * 10).sum().backward()
    norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    assert norm.item() == pytest.approx(10 * 26**0.5)
    total = nn.utils.get_total_norm([p.grad for p in net.parameters()])
    assert total.item() == pytest.approx(1.0, abs=1e-5)
    nn.utils.clip_grad_value_(net.parameters(), 0.1)
    assert max(p.grad.abs().max().item() for p in net.parameters()) == pytest.approx(0.1)
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (3,)
    nn.utils.vector_to_parameters(ag.tensor([1.0, 2.0, 3.0]), net.parameters())
    assert net.weight.tolist() == [[1.0, 2.0]]
    assert net.bias.tolist() == [3.0]
    with pytest.raises(ValueError, match="the vector has 2 elements, the parameters 3"):
        nn.utils.vector_to_parameters(ag.ones(2), net.parameters())
