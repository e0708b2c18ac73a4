"""The safetensors format: round trips, the package's own files, and files that are damaged."""

import json
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import nn
from autograd_core.safetensors import (
    SafetensorError,
    load,
    load_file,
    safe_open,
    save,
    save_file,
)

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64",
]  # fmt: skip


def tensors():
    found = {name: ag.arange(6).reshape(2, 3).to(getattr(ag, name)) for name in DTYPES}
    return found | {"empty": ag.zeros(0, 3), "scalar": ag.tensor(2.5), "ümlaut": ag.ones(1)}


def check(found, expected):
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        other = found[name]
        assert (other.dtype, other.shape) == (tensor.dtype, tensor.shape)
        assert other.tolist() == tensor.tolist()


def test_round_trip(tmp_path):
    save_file(tensors(), tmp_path / "model.safetensors", {"format": "pt"})
    check(load_file(tmp_path / "model.safetensors"), tensors())
    check(load(save(tensors())), tensors())
    assert load(save({})) == {}


def test_layout():
    """Two tensors written out by hand from the description of the format."""
    raw = save({"b": ag.tensor([True]), "a": ag.tensor([1.0, 2.0])}, {"k": "v"})
    (length,) = struct.unpack("<Q", raw[:8])
    assert length % 8 == 0
    assert json.loads(raw[8 : 8 + length]) == {
        "__metadata__": {"k": "v"},
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "BOOL", "shape": [1], "data_offsets": [8, 9]},
    }
    assert raw[8 + length :] == struct.pack("<ff?", 1, 2, True)


def test_the_package_reads_and_writes_the_same(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    expected = {k: v for k, v in tensors().items() if k not in ("bfloat16", "complex64")}
    save_file(expected, tmp_path / "ours.safetensors", {"a": "b"})
    theirs = package.load_file(str(tmp_path / "ours.safetensors"))
    check({k: ag.from_numpy(np.array(v)) for k, v in theirs.items()}, expected)
    arrays = {name: tensor.numpy() for name, tensor in expected.items()}
    package.save_file(arrays, str(tmp_path / "theirs.safetensors"), {"a": "b"})
    check(load_file(tmp_path / "theirs.safetensors"), expected)
    assert package.save(arrays) == save(expected)


def test_saved_by_the_name_of_the_path(tmp_path):
    model = nn.Linear(3, 2)
    path = tmp_path / "model.safetensors"
    ag.save(model.state_dict(), path)
    check(load_file(path), model.state_dict())
    other = nn.Linear(3, 2)
    other.load_state_dict(ag.load(path))
    check(other.state_dict(), model.state_dict())
    for obj in ([ag.ones(1)], {"a": 1}, {"a": {"b": ag.ones(1)}}, {1: ag.ones(1)}):
        with pytest.raises(TypeError, match="flat dict of tensors"):
            ag.save(obj, path)
    check(load_file(path), model.state_dict())


def test_tensor_by_tensor(tmp_path):
    path = tmp_path / "model.safetensors"
    w = ag.arange(12.0).reshape(3, 4)
    save_file({"w": w, "a": ag.ones(2, dtype=ag.float64)}, path, {"who": "me"})
    with safe_open(path, framework="pt", device="cpu") as f:
        assert f.keys() == ["a", "w"]
        assert f.offset_keys() == ["a", "w"]
        assert f.metadata() == {"who": "me"}
        assert f.get_tensor("w").tolist() == w.tolist()
        part = f.get_slice("w")
        assert (part.get_shape(), part.get_dtype()) == ([3, 4], "F32")
        assert part[1:, ::2].tolist() == w[1:, ::2].tolist()
        with pytest.raises(SafetensorError, match="does not contain tensor x"):
            f.get_tensor("x")
    with pytest.raises(ValueError, match="closed file"):
        f.get_tensor("w")
    with pytest.raises(SafetensorError, match="framework tf is invalid"):
        safe_open(path, framework="tf")


def test_loaded_tensors_are_ones_own(tmp_path):
    save_file({"a": ag.ones(2), "b": ag.ones(2)}, tmp_path / "x.safetensors")
    found = load_file(tmp_path / "x.safetensors")
    found["a"] += 1
    assert found["b"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        ([1], ValueError, "Expected a dict"),
        ({"a": 1}, ValueError, "Key `a` is invalid, expected torch.Tensor"),
        ({1: ag.ones(1)}, TypeError, "name must be a str"),
        ({"__metadata__": ag.ones(1)}, TypeError, "other than '__metadata__'"),
        ({"a": ag.ones(2, 3).T}, ValueError, r"non contiguous tensor: `a`.*\.contiguous\(\)"),
        ({"a": ag.ones(1, dtype=ag.complex128)}, TypeError, "no dtype torch.complex128"),
    ],
)
def test_what_can_not_be_saved(bad, error, says, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(error, match=says):
        save_file(bad, path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.safetensors"]


def test_shared_memory_and_metadata():
    x = ag.ones(2)
    with pytest.raises(RuntimeError, match=r"share memory.*\('a', 'b'\)"):
        save({"a": x, "b": x.detach()})
    with pytest.raises(TypeError, match="metadata must be a dict of str to str"):
        save({"a": x}, {"k": 1})


# ------------------------------------------------------------------ damaged files


def made(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(**changes):
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


DAMAGED = {
    "empty": (b"", "HeaderTooSmall"),
    "short": (b"1234", "HeaderTooSmall"),
    "huge header": (struct.pack("<Q", 2**63), "HeaderTooLarge"),
    "a zip": (b"PK\x03\x04" + bytes(100), "InvalidHeaderLength"),
    "header beyond the file": (struct.pack("<Q", 100) + b"{}", "InvalidHeaderLength"),
    "not json": (made(b"{nonsense"), "InvalidHeaderDeserialization"),
    "not utf-8": (made(b'{"\xff": 1}'), "InvalidHeaderDeserialization"),
    "a list": (made([1]), "InvalidHeaderStart"),
    "space first": (made(b" {}"), "InvalidHeaderStart"),
    "deep": (made(b"[" * 100_000), "InvalidHeaderDeserialization"),
    "twice": (made(b'{"a": 1, "a": 2}'), "a name comes twice"),
    "metadata": (made({"__metadata__": {"a": 1}}), "metadata are not text"),
    "entry": (made({"a": 1}), "the entry of 'a' is 1"),
    "more keys": (made(entry(code="x"), bytes(8)), "InvalidHeaderDeserialization"),
    "dtype": (made(entry(dtype="F8_E4M3"), bytes(8)), "dtype 'F8_E4M3'"),
    "dtype list": (made(entry(dtype=["F32"]), bytes(8)), "InvalidHeaderDeserialization"),
    "negative": (made(entry(shape=[-2]), bytes(8)), "'a' has \\[-2\\]"),
    "float": (made(entry(shape=[2.0]), bytes(8)), "InvalidHeaderDeserialization"),
    "bool": (made(entry(shape=[True, 2]), bytes(8)), "InvalidHeaderDeserialization"),
    "three offsets": (made(entry(data_offsets=[0, 8, 8]), bytes(8)), "InvalidOffset"),
    "hole": (made(entry(data_offsets=[1, 9]), bytes(9)), "InvalidOffset"),
    "backwards": (made(entry(data_offsets=[8, 0]), bytes(8)), "InvalidOffset"),
    "overlap": (
        made(entry() | {"b": entry()["a"]}, bytes(8)),
        "InvalidOffset",
    ),
    "bomb": (made(entry(shape=[2**40, 2**40]), bytes(8)), "TensorInvalidInfo"),
    "large": (made(entry(shape=[3]), bytes(8)), "TensorInvalidInfo"),
    "truncated": (made(entry(), bytes(7)), "MetadataIncompleteBuffer"),
    "more data": (made(entry(), bytes(9)), "MetadataIncompleteBuffer"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(name, tmp_path):
    raw, says = DAMAGED[name]
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)
    for read in (lambda: load(raw), lambda: load_file(path), lambda: ag.load(path)):
        with pytest.raises(SafetensorError, match=says) as caught:
            read()
        assert len(str(caught.value)) < 500


@given(st.data())
def test_any_damage_is_an_error_of_ours_or_harmless(data):
    raw = bytearray(save({"a": ag.ones(3), "b": ag.tensor([True])}, {"k": "v"}))
    kind = data.draw(st.sampled_from(["cut", "change"]))
    at = data.draw(st.integers(0, len(raw) - 1))
    if kind == "cut":
        del raw[at:]
    else:
        raw[at] = data.draw(st.integers(0, 255))
    try:
        found = load(bytes(raw))
    except SafetensorError:
        return
    assert kind == "change"
    assert sum(t.nbytes for t in found.values()) <= len(raw)
