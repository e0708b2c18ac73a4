"""Traces in files: what comes back is what was saved, and no file does harm."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import debug
from autograd_core.debug.trace import traced


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    x = ag.tensor([1.0, np.inf], requires_grad=True)
    with debug.trace() as t:
        for _ in range(3):
            (x * x).sum().backward()
    path = tmp_path_factory.mktemp("traces") / "run.agtrace"
    t.save(path)
    return t, path


def changed(path, tmp_path, member, data):
    """A copy of a file in which one member is another."""
    out = tmp_path / "changed.agtrace"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
        if data is not None:
            new.writestr(member, data)
    return out


def header_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("trace.json"))


def test_everything_comes_back(saved):
    t, path = saved
    u = debug.load(path)
    assert repr(u.nodes) == repr(t.nodes)
    assert repr(u.steps) == repr(t.steps)
    assert repr(u.edges) == repr(t.edges)
    assert u.summary() == t.summary()
    assert u.draw().svg == t.draw().svg
    assert u.tree() == t.tree()
    assert u.find(op="Mul", iteration=-1)[0].location.text == "(x * x).sum().backward()"


def test_saving_again_gives_the_same(saved, tmp_path):
    _, path = saved
    debug.load(path).save(tmp_path / "again")
    assert repr(debug.load(tmp_path / "again").nodes) == repr(debug.load(path).nodes)


def test_names_of_cells_and_notes_are_kept(tmp_path, monkeypatch):
    from autograd_core import source

    monkeypatch.setattr(source, "describe_file", lambda file: "In [3]")
    monkeypatch.setattr(traced, "annotate", lambda location: {"cell": "abc", "count": 3})
    x = ag.tensor([1.0], requires_grad=True)
    with debug.trace() as t:
        (x * x).backward()
    t.save(tmp_path / "t")
    monkeypatch.undo()
    node = debug.load(tmp_path / "t").nodes[0]
    assert node.location.where.startswith("In [3], line ")
    assert node.place_notes == {"cell": "abc", "count": 3}


def test_an_empty_trace(tmp_path):
    t = debug.Trace()
    t.save(tmp_path / "empty")
    u = debug.load(tmp_path / "empty")
    assert len(u.nodes) == 0
    assert u.tree() == "nothing recorded"


def test_no_half_written_file_is_left(saved, tmp_path, monkeypatch):
    t, _ = saved
    monkeypatch.setattr(np, "save", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        t.save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file():
    with pytest.raises(FileNotFoundError):
        debug.load("no-such-file.agtrace")


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", pickle.dumps({"a": 1})])
def test_no_zip(data, tmp_path):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(tmp_path / "x")


def test_another_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(ValueError, match=r"no member 'trace\.json'"):
        debug.load(tmp_path / "x.zip")


@given(cut=st.floats(0, 0.999))
def test_cut_off_anywhere(saved, tmp_path_factory, cut):
    _, path = saved
    data = path.read_bytes()
    short = tmp_path_factory.mktemp("cut") / "t"
    short.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(short)


@given(at=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_changed_byte_never_ends_in_anything_else(saved, tmp_path_factory, at, value):
    _, path = saved
    data = bytearray(path.read_bytes())
    data[at % len(data)] = value
    changed_file = tmp_path_factory.mktemp("byte") / "t"
    changed_file.write_bytes(bytes(data))
    try:
        t = debug.load(changed_file)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        repr(t.nodes)
        t.summary()


def test_a_newer_version(saved, tmp_path):
    _, path = saved
    newer = {**header_of(path), "version": 99}
    with pytest.raises(ValueError, match=r"newer autograd_core \(format 99"):
        debug.load(changed(path, tmp_path, "trace.json", json.dumps(newer)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", "1"), ("version", 0), ("format", "something"), ("text", []), ("text", [1]),
        ("scope", [1]), ("scope", [[1]]), ("shape", ["x"]), ("shape", [[1.5]]), ("first", 3),
        ("first", {"nodes": -1}), ("place", None), ("text", [""]), ("place", [None]),
        ("place", [{"line": "x"}] * 9),
    ],
)  # fmt: skip
def test_crafted_headers(saved, tmp_path, key, value):
    _, path = saved
    header = {**header_of(path), key: value}
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(changed(path, tmp_path, "trace.json", json.dumps(header)))


@pytest.mark.parametrize("text", ["[]", "{", "null", "[" * 100000])
def test_crafted_json(saved, tmp_path, text):
    _, path = saved
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(changed(path, tmp_path, "trace.json", text))


def npy(array, **options):
    data = io.BytesIO()
    np.save(data, array, **options)
    return data.getvalue()


class Bomb:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize(
    ("member", "data"),
    [
        ("nodes/seq.npy", None),
        ("nodes/seq.npy", b"\x93NUMPY"),
        ("nodes/seq.npy", npy(np.arange(3))),
        ("nodes/seq.npy", npy(np.zeros((9, 1), np.int64))),
        ("nodes/seq.npy", npy(np.zeros(9, np.float64))),
        ("nodes/op.npy", npy(np.full(6, 10**6, np.int32))),
        ("nodes/place.npy", npy(np.full(6, -1, np.int32))),
        ("nodes/seq.npy", npy(np.array([Bomb()] * 6, object), allow_pickle=True)),
        ("steps/node.npy", npy(np.full(9, -5, np.int32))),
        ("runs/error.npy", npy(np.full(3, 77, np.int32))),
    ],
)
def test_crafted_columns(saved, tmp_path, capsys, member, data):
    _, path = saved
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(changed(path, tmp_path, member, data))
    assert capsys.readouterr().out == ""


def test_a_member_that_claims_to_be_huge_is_not_unpacked(saved, tmp_path):
    header = b"\x93NUMPY\x01\x00"
    text = b"{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999,), }".ljust(117) + b"\n"
    crafted = header + struct.pack("<H", len(text)) + text
    _, path = saved
    with pytest.raises(ValueError, match="is not a readable trace"):
        debug.load(changed(path, tmp_path, "nodes/seq.npy", crafted))
