"""`load` on files that are damaged, or made to do harm: an error, and nothing has happened."""

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag

ERRORS = (pickle.UnpicklingError, RuntimeError, OSError)


def archive(data, records=None, name="archive", compression=zipfile.ZIP_STORED, **more):
    """A file with this pickle and these records."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as z:
        z.writestr(f"{name}/data.pkl", data)
        for key, record in (records or {}).items():
            z.writestr(f"{name}/{key}", record)
        z.writestr(f"{name}/version", "3\n")
    return file.getvalue()


def read(raw):
    return ag.load(io.BytesIO(raw))


def text(s):
    return b"X" + struct.pack("<I", len(s)) + s.encode()


def name_of(s):
    return b"c" + s.replace(" ", "\n").encode() + b"\n"


def storage(key="0", kind="torch FloatStorage", numel=4, location="cpu"):
    return (
        b"(" + text("storage") + name_of(kind) + text(key) + text(location)
        + b"J" + struct.pack("<i", numel) + b"tQ"
    )  # fmt: skip


def ints(*numbers):
    data = b"("
    for n in numbers:
        data += b"\x8a\x09" + n.to_bytes(9, "little", signed=True)
    return data + b"t"


def tensor(size=(4,), stride=(1,), offset=0, **options):
    return (
        name_of("torch._utils _rebuild_tensor_v2") + b"(" + storage(**options)
        + b"\x8a\x09" + offset.to_bytes(9, "little", signed=True) + ints(*size) + ints(*stride)
        + b"\x89" + name_of("collections OrderedDict") + b")RtR"
    )  # fmt: skip


PROTO = b"\x80\x02"


def test_the_tools_make_a_good_file():
    raw = archive(PROTO + tensor() + b".", {"data/0": struct.pack("<4f", 1, 2, 3, 4)})
    assert read(raw).tolist() == [1, 2, 3, 4]


# ------------------------------------------------------------------ what would run


class Runs:
    """Unpickled by Python's own unpickler, it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Builds:
    def __reduce__(self):
        return OrderedDict, (), {"__class__": 1}


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_called(tmp_path, protocol):
    path = tmp_path / "pwned"
    raw = archive(pickle.dumps({"a": Runs(path)}, protocol))
    with pytest.raises(pickle.UnpicklingError) as caught:
        read(raw)
    assert not path.exists()
    if protocol >= 2:
        assert "GLOBAL posix.mkdir" in str(caught.value).replace("nt.mkdir", "posix.mkdir")
    pickle.loads(pickle.dumps({"a": Runs(path)}, protocol))
    assert path.exists()  # it would have


@pytest.mark.parametrize(
    "name",
    [
        "os system", "posix system", "builtins eval", "__builtin__ exec", "builtins getattr",
        "subprocess Popen", "torch load", "torch.hub load", "numpy load", "nt system",
        "torch._utils _rebuild_tensor_v2.__globals__", "builtins bytearray", "torch Tensor",
        "autograd_core save", "collections OrderedDict.__init__", "torch.storage UntypedStorage",
        "numpy._core.multiarray _reconstruct", "numpy.core.multiarray scalar", "x" * 300 + " y",
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [b")R.", b"(t\x81.", b"."])
def test_unknown_names_are_refused_by_name(name, call):
    raw = archive(PROTO + name_of(name) + call)
    with pytest.raises(pickle.UnpicklingError, match="Unsupported global: GLOBAL") as caught:
        read(raw)
    assert name.replace(" ", ".") in str(caught.value)
    assert "nothing of the file has been run" in str(caught.value)


def test_all_unknown_names_are_listed():
    raw = archive(PROTO + b"]" + name_of("os system") + b"a" + name_of("evil thing") + b"a.")
    with pytest.raises(pickle.UnpicklingError, match=r"os\.system .*\(nor evil\.thing\)"):
        read(raw)


def test_an_object_by_its_class_name():
    class_of = b"(" + b"ios\nsystem\n."
    for data in (class_of, b"(cos\nsystem\no."):
        with pytest.raises(pickle.UnpicklingError):
            read(archive(PROTO + data))


# ------------------------------------------------------------------ pickles that make no sense

PICKLES = {
    "empty": b"",
    "no end": PROTO + b"N",
    "no stack": PROTO + b".",
    "pop nothing": PROTO + b"0.",
    "no mark": PROTO + b"t.",
    "append to a number": PROTO + b"K\x01K\x02a.",
    "append to nothing": PROTO + b"K\x02a.",
    "item of a list": PROTO + b"]K\x01K\x02s.",
    "odd items": PROTO + b"}(K\x01u.",
    "missing memo": PROTO + b"h\x05.",
    "far memo": PROTO + b"j\xff\xff\xff\xff.",
    "put nothing": PROTO + b"q\x00.",
    "long string": PROTO + b"X\xff\xff\xff\xffab.",
    "very long string": PROTO + b"\x8d" + b"\xff" * 8 + b"ab.",
    "very long bytes": PROTO + b"\x8e" + b"\xff" * 8 + b"ab.",
    "very long int": PROTO + b"\x8b\xff\xff\xff\x7f.",
    "negative int": PROTO + b"\x8b\xff\xff\xff\xff.",
    "bad text": PROTO + b"X\x02\x00\x00\x00\xff\xfe.",
    "no line": PROTO + b"cos",
    "unknown opcode": PROTO + b"\xff.",
    "a list as a key": PROTO + b"}]K\x01s.",
    "a tensor as a key": PROTO + b"}" + tensor() + b"K\x01s.",
    "a function as a key": PROTO + b"}" + name_of("torch Size") + b"K\x01s.",
    "a function": PROTO + name_of("torch Size") + b".",
    "a function in a list": PROTO + b"]" + name_of("torch Size") + b"a.",
    "memory without a tensor": PROTO + storage() + b".",
    "memory in a dict": PROTO + b"}K\x01" + storage() + b"s.",
    "call a number": PROTO + b"K\x01)R.",
    "call with a list": PROTO + name_of("torch Size") + b"]R.",
    "call a dtype": PROTO + name_of("torch float32") + b")R.",
    "size of text": PROTO + name_of("torch Size") + text("ab") + b"\x85R.",
    "device": PROTO + name_of("torch device") + text("nowhere") + b"\x85R.",
    "device of a list": PROTO + name_of("torch device") + b"]\x85R.",
    "set of lists": PROTO + name_of("__builtin__ set") + b"]]a\x85R.",
    "set of a number": PROTO + name_of("__builtin__ set") + b"K\x01\x85R.",
    "complex of text": PROTO + name_of("__builtin__ complex") + text("x") + b"\x85R.",
    "bytes of rot13": PROTO + name_of("_codecs encode") + text("a") + text("rot13") + b"\x86R.",
    "state of a list": PROTO + b"]}b.",
    "persistent number": PROTO + b"K\x05Q.",
    "persistent text": PROTO + b"Pxyz\n.",
    "tensor of a list": PROTO + name_of("torch._utils _rebuild_tensor_v2") + b"(]K\x00))tR.",
    "tensor of nothing": PROTO + name_of("torch._utils _rebuild_tensor_v2") + b")R.",
    "parameter of text": PROTO
    + name_of("torch._utils _rebuild_parameter")
    + b"("
    + text("x")
    + b"\x88NtR.",
    "ordered of a number": PROTO + name_of("collections OrderedDict") + b"K\x01\x85R.",
    "ordered with a bad key": PROTO + name_of("collections OrderedDict") + b"](]K\x01ta\x85R.",
}


@pytest.mark.parametrize("name", PICKLES)
def test_pickles_that_make_no_sense(name):
    raw = archive(PICKLES[name], {"data/0": bytes(16)})
    with pytest.raises(ERRORS) as caught:
        read(raw)
    assert 10 < len(str(caught.value)) < 500


TENSORS = {
    "more elements than its record": {"size": (5,)},
    "a huge size": {"size": (2**62,)},
    "sizes whose product overflows": {"size": (2**40, 2**40), "stride": (0, 0)},
    "many elements by strides of 0": {"size": (2**50,), "stride": (0,)},
    "a stride that leads outside": {"stride": (2,)},
    "a huge stride": {"size": (2,), "stride": (2**62,)},
    "a negative stride": {"stride": (-1,)},
    "a negative size": {"size": (-1,)},
    "a negative offset": {"offset": -1},
    "an offset that leads outside": {"offset": 1},
    "strides of another length": {"stride": (1, 1)},
    "a record that is too small": {"numel": 5},
    "a record that is not there": {"key": "7"},
    "a record somewhere else": {"key": "../data.pkl"},
    "a negative number of elements": {"numel": -1},
    "a wider type": {"kind": "torch DoubleStorage"},
    "memory of a dtype's name": {"kind": "collections OrderedDict"},
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_that_do_not_fit(name):
    raw = archive(PROTO + tensor(**TENSORS[name]) + b".", {"data/0": bytes(16)})
    with pytest.raises(ERRORS) as caught:
        read(raw)
    assert 10 < len(str(caught.value)) < 500


def test_integers_that_require_grad():
    data = tensor(kind="torch IntStorage").replace(b"\x89c", b"\x88c")
    with pytest.raises(RuntimeError, match="floating point"):
        read(archive(PROTO + data + b".", {"data/0": bytes(16)}))


def test_bytes_that_are_no_bools_are_made_so():
    data = PROTO + tensor(kind="torch BoolStorage") + b"."
    found = read(archive(data, {"data/0": b"\x00\x01\x02\xff"}))
    assert found.tolist() == [False, True, True, True]
    assert found.sum().item() == 3


def test_attributes_of_tensors_are_not_set():
    data = PROTO + tensor() + b"}" + text("sum") + text("mine") + b"sb."
    found = read(archive(data, {"data/0": bytes(16)}))
    assert not vars(found)


def test_a_deep_key_is_refused_and_a_deep_list_is_read():
    deep = b"K\x01" + b"\x85" * 100_000
    with pytest.raises(pickle.UnpicklingError, match="as a key"):
        read(archive(PROTO + b"}" + deep + b"K\x01s."))
    found = read(archive(PROTO + b"]" + b"]" * 1000 + b"a" * 1000 + b"."))
    assert isinstance(found[0][0][0], list)


# ------------------------------------------------------------------ archives

GOOD = archive(PROTO + tensor() + b".", {"data/0": bytes(16), "byteorder": "little"})


def changed(record, data):
    records = {"data/0": bytes(16), "byteorder": "little"} | {record: data}
    return archive(PROTO + tensor() + b".", records)


def without_pickle():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("archive/version", "3")
    return file.getvalue()


def overlapping():
    """Two records that the directory says are the same bytes, each as large as the file."""
    file = io.BytesIO()
    pickled = PROTO + b"]" + b"".join(tensor(key=k) + b"a" for k in "0123") + b"."
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("archive/data/0", bytes(16) * 1000)
        z.writestr("archive/data.pkl", pickled)
        first = z.infolist()[0]
        for key in "123":
            again = zipfile.ZipInfo(f"archive/data/{key}")
            for field in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(again, field, getattr(first, field))
            z.filelist.append(again)
            z.NameToInfo[again.filename] = again
    return file.getvalue()


def several(compression):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as z:
        z.writestr("archive/data.pkl", PROTO + tensor() + b".")
        z.writestr("archive/data/0", bytes(16) * 100_000)
    return file.getvalue()


ARCHIVES = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello world", "no zip archive.*hello wo"),
    "a bare pickle": (pickle.dumps({"a": 1}), "a bare pickle"),
    "a zip's beginning": (b"PK\x03\x04", "failed reading zip archive"),
    "an empty zip": (b"PK\x05\x06" + bytes(18), "no records"),
    "no pickle": (without_pickle(), "no such record"),
    "truncated": (GOOD[:-30], "failed reading zip archive"),
    "half": (GOOD[: len(GOOD) // 2], "failed reading zip archive"),
    "compressed": (several(zipfile.ZIP_DEFLATED), "it is compressed"),
    "overlapping": (overlapping(), "failed reading archive/data"),
    "a program": (changed("constants.pkl", b""), "TorchScript"),
    "byteorder": (changed("byteorder", b"middle"), "byteorder: it says 'middle'"),
    "a small record": (changed("data/0", b"123"), r"16 bytes\) is larger than its record"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name):
    raw, says = ARCHIVES[name]
    with pytest.raises(ERRORS, match=says) as caught:
        read(raw)
    assert len(str(caught.value)) < 500


def test_a_flipped_bit_in_a_record_is_found():
    at = GOOD.index(bytes(16))
    raw = GOOD[:at] + b"\x01" + GOOD[at + 1 :]
    with pytest.raises(RuntimeError, match=r"data/0.*CRC.*nothing was loaded"):
        read(raw)


@given(st.data())
def test_any_damage_is_an_error_of_ours_or_harmless(data):
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at] = data.draw(st.integers(0, 255))
        else:
            del raw[at : at + data.draw(st.integers(1, 8))]
    try:
        found = read(bytes(raw))
    except ERRORS:
        return
    assert isinstance(found, ag.Tensor)


@given(st.binary(max_size=60))
def test_any_pickle_is_an_error_of_ours_or_harmless(data):
    raw = archive(PROTO + data + b".", {"data/0": bytes(16)})
    try:
        read(raw)
    except ERRORS:
        pass
