"""`save` and `load`: round trips, PyTorch's files both ways, and writes that fail half-way."""

import io
import os
import pickle
import stat
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import nn

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128",
]  # fmt: skip


def saved(obj):
    file = io.BytesIO()
    ag.save(obj, file)
    return file.getvalue()


def again(obj, **options):
    return ag.load(io.BytesIO(saved(obj)), **options)


def same(one, two):
    """Whether two objects are alike in types, values, dtypes, strides and requires_grad."""
    assert type(one) is type(two)
    if isinstance(one, ag.Tensor):
        assert (one.dtype, one.shape, one.stride()) == (two.dtype, two.shape, two.stride())
        assert one.requires_grad == two.requires_grad
        assert one.detach()._host().tobytes() == two.detach()._host().tobytes()
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            same(one[key], two[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            same(a, b)
    else:
        assert one == two


# ------------------------------------------------------------------ round trips

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.text(), st.none()), inner)
        | st.dictionaries(st.text(), inner, max_size=3).map(OrderedDict)
        | st.sets(st.text() | st.integers(), max_size=3)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_containers_come_back(obj):
    same(obj, again(obj))


@given(PLAIN)
def test_torch_reads_what_we_write(obj):
    torch = pytest.importorskip("torch")
    assert torch.load(io.BytesIO(saved(obj)), weights_only=True) == obj


@given(PLAIN)
def test_we_read_what_torch_writes(obj):
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save(obj, file)
    same(obj, ag.load(io.BytesIO(file.getvalue())))


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name):
    kind = getattr(ag, name)
    tensors = [
        ag.arange(6).reshape(2, 3).to(kind), ag.zeros((), dtype=kind), ag.zeros(0, 3, dtype=kind),
    ]  # fmt: skip
    same(tensors, again(tensors))


def test_what_else_there_is_comes_back():
    things = [ag.float32, ag.bfloat16, ag.Size([2, 3]), ag.device("cpu"), np.float64(1.5)]
    found = again(things)
    assert found == [ag.float32, ag.bfloat16, ag.Size([2, 3]), ag.device("cpu"), 1.5]
    assert type(found[2]) is ag.Size
    assert type(found[4]) is float


def test_tensors_that_share_memory_share_it_again():
    base = ag.arange(12.0).reshape(3, 4)
    views = [base, base[1:], base.T, base[:, ::2], base[0].expand(3, 4)]
    found = again(views)
    same(views, found)
    found[0][1, 0] = 99
    assert found[1][0, 0].item() == found[2][0, 1].item() == found[3][1, 0].item() == 99


def test_a_small_view_does_not_bring_all_its_memory():
    big = ag.zeros(1_000_000)
    assert len(saved(big[10:20])) < 10_000
    apart = again([big[:2], big[500_000:500_003]])
    assert [t.numel() for t in apart] == [2, 3]


def test_the_same_object_is_one_object_again():
    w = nn.Parameter(ag.ones(2))
    inner = [1]
    found = again({"a": w, "b": w, "c": inner, "d": inner})
    assert found["a"] is found["b"]
    assert found["c"] is found["d"]
    loop = []
    loop.append(loop)
    found = again(loop)
    assert found[0] is found


def test_parameters_and_requires_grad():
    w = nn.Parameter(ag.ones(2))
    x = ag.ones(2, requires_grad=True)
    found = again([w, x, x * 2, nn.Parameter(ag.ones(2), requires_grad=False)])
    assert [type(t) for t in found] == [nn.Parameter, ag.Tensor, ag.Tensor, nn.Parameter]
    assert [t.requires_grad for t in found] == [True, True, True, False]
    assert all(t.is_leaf for t in found)


def test_a_model_and_its_optimizer():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = ag.optim.Adam(model.parameters(), lr=0.1)
    model(ag.randn(5, 3)).sum().backward()
    optimizer.step()
    state = again({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3})
    assert state["model"]._metadata == model.state_dict()._metadata
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    other.load_state_dict(state["model"])
    optimizer_of_other = ag.optim.Adam(other.parameters(), lr=0.5)
    optimizer_of_other.load_state_dict(state["optimizer"])
    x = ag.randn(5, 3)
    for net, opt in ((model, optimizer), (other, optimizer_of_other)):
        opt.zero_grad()
        net(x).square().sum().backward()
        opt.step()
    assert all(ag.equal(p, q) for p, q in zip(model.parameters(), other.parameters(), strict=True))


def test_the_same_tensors_give_the_same_file():
    def state():
        return {"w": ag.ones(100), "b": ag.zeros(3, 3), "t": ag.ones(3)[1:]}

    assert saved(state()) == saved(state())


def test_records_are_aligned_and_not_compressed(tmp_path):
    path = tmp_path / "model.pt"
    ag.save({"a": ag.ones(3), "b": ag.ones(5, dtype=ag.int8), "c": ag.ones(2)}, path)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            assert info.filename.startswith("model/")
            assert info.compress_type == zipfile.ZIP_STORED
            name, extra = np.frombuffer(raw, "<u2", 2, info.header_offset + 26)
            assert (info.header_offset + 30 + int(name) + int(extra)) % 64 == 0


# ------------------------------------------------------------------ PyTorch's files


def torch_objects(torch):
    base = torch.arange(12.0).reshape(3, 4)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    return {
        "model": model.state_dict(),
        "parameter": model[0].weight,
        "views": [base, base[1:], base.T, base[:, 1::2], base[0].expand(3, 4)],
        "dtypes": [torch.arange(3).to(getattr(torch, name)) for name in DTYPES],
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5),
        "grad": torch.ones(2, requires_grad=True),
        "conj": torch.tensor([1 + 2j]).conj(),
        "rest": [torch.Size([2]), torch.float32, torch.device("cpu"), {1}, None, 2**70],
    }


def alike(ours, theirs):
    if isinstance(ours, ag.Tensor):
        assert str(ours.dtype) == str(theirs.dtype)
        assert (tuple(ours.shape), ours.stride()) == (tuple(theirs.shape), theirs.stride())
        assert ours.requires_grad == theirs.requires_grad
        assert ours.tolist() == theirs.tolist()
        assert ("Parameter" in type(ours).__name__) == ("Parameter" in type(theirs).__name__)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key in ours:
            alike(ours[key], theirs[key])
    elif isinstance(ours, list | tuple):
        for a, b in zip(ours, theirs, strict=True):
            alike(a, b)
    else:
        assert str(ours) == str(theirs)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_files_of_torch(protocol, tmp_path):
    torch = pytest.importorskip("torch")
    theirs = torch_objects(torch)
    torch.save(theirs, tmp_path / "theirs.pt", pickle_protocol=protocol)
    ours = ag.load(tmp_path / "theirs.pt")
    alike(ours, theirs)
    assert ours["model"]._metadata == theirs["model"]._metadata
    ours["views"][0][1, 0] = 99
    assert ours["views"][1][0, 0].item() == 99


def test_files_for_torch(tmp_path):
    torch = pytest.importorskip("torch")
    theirs = torch_objects(torch)
    torch.save(theirs, tmp_path / "theirs.pt")
    ours = ag.load(tmp_path / "theirs.pt")
    ag.save(ours, tmp_path / "ours.pt")
    for options in ({}, {"mmap": True}):
        found = torch.load(tmp_path / "ours.pt", weights_only=True, **options)
        alike(ours, found)
        found["views"][0][1, 0] = 99
        assert found["views"][1][0, 0].item() == 99
        assert found["model"]._metadata == theirs["model"]._metadata


def test_a_model_of_torch_is_loaded_by_ours(tmp_path):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LSTM(4, 2))
    torch.save(theirs.state_dict(), tmp_path / "model.pt")
    ours = nn.Sequential(nn.Linear(3, 4), nn.LSTM(4, 2))
    ours.load_state_dict(ag.load(tmp_path / "model.pt"))
    ag.save(ours.state_dict(), tmp_path / "back.pt")
    theirs.load_state_dict(torch.load(tmp_path / "back.pt", weights_only=True))


def test_a_parameter_with_attributes(tmp_path):
    torch = pytest.importorskip("torch")
    w = torch.nn.Parameter(torch.ones(2))
    w.is_my_favourite = True
    torch.save({"w": w}, tmp_path / "w.pt")
    found = ag.load(tmp_path / "w.pt")["w"]
    assert type(found) is nn.Parameter
    assert not hasattr(found, "is_my_favourite")


def test_the_format_before_1_6_is_named(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.ones(2), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(pickle.UnpicklingError, match=r"format of before version 1\.6"):
        ag.load(tmp_path / "old.pt")
    with pytest.raises(ValueError, match=r"before PyTorch 1\.6"):
        ag.save(1, tmp_path / "new.pt", _use_new_zipfile_serialization=False)


def test_dtypes_that_we_have_not_are_named(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.ones(2).to(torch.float8_e4m3fn), tmp_path / "f8.pt")
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global"):
        ag.load(tmp_path / "f8.pt")


def test_big_endian_files():
    """Made by turning the bytes of a file of ours around."""
    data = {"f": ag.tensor([1.5, -2.0]), "c": ag.tensor([1 + 2j]), "b": ag.tensor([True, False])}
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(data))) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            record = old.read(info)
            if info.filename.endswith("byteorder"):
                record = b"big"
            elif info.filename.endswith(("data/0", "data/1")):
                record = np.frombuffer(record, "<u4").byteswap().tobytes()
            new.writestr(info.filename, record)
    same(ag.load(io.BytesIO(file.getvalue())), data)


# ------------------------------------------------------------------ where tensors go


def moved_from(location):
    """A file that says its tensors were saved from there."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved([ag.ones(2)]))) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            record = old.read(info)
            if info.filename.endswith("data.pkl"):
                name = location.encode()
                record = record.replace(
                    b"X\x03\x00\x00\x00cpu", b"X" + len(name).to_bytes(4, "little") + name
                )
            new.writestr(info.filename, record)
    return io.BytesIO(file.getvalue())


def test_a_gpu_tensor_without_a_gpu():
    if ag.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match=r"deserialize object on a CUDA device.*map_location"):
        ag.load(moved_from("cuda:0"))
    for where in (
        "cpu", ag.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage,
        lambda storage, location: storage.cpu(),
    ):  # fmt: skip
        (found,) = ag.load(moved_from("cuda:0"), map_location=where)
        assert found.device == ag.device("cpu")
        assert found.tolist() == [1, 1]


def test_map_location_is_asked_once_for_each_piece_of_memory():
    asked = []
    base = ag.ones(4)
    again([base, base[1:], ag.ones(2)], map_location=lambda s, where: asked.append(where))
    assert asked == ["cpu", "cpu"]


def test_an_unknown_place():
    with pytest.raises(RuntimeError, match="npu"):
        ag.load(moved_from("npu:0"))


@pytest.mark.gpu
def test_to_a_gpu_and_back():
    (found,) = again([ag.ones(2)], map_location="cuda")
    assert found.is_cuda
    (back,) = again([found])
    assert back.is_cuda
    (host,) = again([found], map_location="cpu")
    assert host.tolist() == [1, 1]


def test_mmap_is_ignored_and_says_so():
    with pytest.warns(UserWarning, match="mmap=True has no effect") as caught:
        same(ag.load(io.BytesIO(saved([1])), mmap=True), [1])
    assert caught[0].filename == __file__
    same(ag.load(io.BytesIO(saved([1])), weights_only=False), [1])


# ------------------------------------------------------------------ what can't be saved


class Point(tuple):
    pass


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        ({"a": [1, object()]}, r"builtins.object \(at obj\['a'\]\[1\]\)"),
        ({"f": len}, "builtin_function_or_method"),
        (nn.Linear(1, 1), r"Linear.*save its state_dict\(\) instead"),
        (np.zeros(2), r"numpy.ndarray.*torch.from_numpy"),
        (Point([1]), "turn it into a plain tuple first"),
        ({ag.ones(1): 1}, "a key, or a member of a set, of type Tensor"),
        ({Point([1])}, "a member of a set, of type Point"),
        (1 << 3000, "an int of 3001 bits"),
        ([frozenset()], "frozenset"),
    ],
)
def test_what_is_refused_is_named_and_the_file_untouched(obj, says, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=says):
        ag.save(obj, path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.pt"]


def test_memory_of_two_types_is_refused():
    x = ag.ones(4)
    with pytest.raises(RuntimeError, match=r"view the same data as different types"):
        saved([x, ag.from_numpy(x.numpy().view(np.int32))])


def test_no_place_to_write_to(tmp_path):
    with pytest.raises(FileNotFoundError):
        ag.save(1, tmp_path / "missing" / "model.pt")
    with pytest.raises(AttributeError, match="with a 'write' attribute, got int"):
        ag.save(1, 3)
    with pytest.raises(AttributeError, match="'read' and 'seek'"):
        ag.load(3)
    with pytest.raises(FileNotFoundError):
        ag.load(tmp_path / "missing.pt")


# ------------------------------------------------------------------ writes that fail half-way


class Full(Exception):
    pass


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize("error", [Full, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch, suffix, error, step):
    path = tmp_path / f"model.{suffix}"
    ag.save({"w": ag.ones(3)}, path)
    before = path.read_bytes()

    def fail(*_):
        raise error("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(error):
            ag.save({"w": ag.zeros(100)}, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
    ag.save({"w": ag.zeros(100)}, path)
    assert ag.load(path)["w"].shape == (100,)


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "model.pt", tmp_path / "latest.pt"
    ag.save(1, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    path.chmod(0o640)
    link.symlink_to(path)
    ag.save(2, link)
    assert link.is_symlink()
    assert ag.load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_that_can_not_seek():
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        ag.save({"w": ag.ones(3)}, file)
    with os.fdopen(reader, "rb") as file:
        found = ag.load(io.BytesIO(file.read()))
    assert found["w"].tolist() == [1, 1, 1]


def test_a_device_is_written_to_directly():
    ag.save({"w": ag.ones(3)}, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
