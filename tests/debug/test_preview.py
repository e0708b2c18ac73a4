"""`preview`: a value in a line or two."""

import re
import tracemalloc

import numpy as np
import pytest
import strict_device
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
from autograd_core.debug.prompt.preview import headline, preview

strict_device.register()
NAN, INF = np.nan, np.inf

TEXTS = [
    (None, "None"),
    (3, "3 (int)"),
    (2.5, "2.5 (float)"),
    (True, "True (bool)"),
    (1 + 2j, "1+2j (complex)"),
    ("hello", "'hello' (str)"),
    ((2, 3), "(2, 3) (tuple)"),
    (np.float32(3.25), "3.25 (float32)"),
    (np.zeros((2, 3)), "(2, 3) float64 cpu   norm 0   all zero\n[[0, 0, 0], [0, 0, 0]]"),
    (np.ones(4, "f4"), "(4,) float32 cpu   norm 2   all 1\n[1, 1, 1, 1]"),
    (np.array([3.0, -4.0]), "(2,) float64 cpu   norm 5   -4 to 3\n[3, -4]"),
    (np.array([0.0, 1, 0, 0]), "(4,) float64 cpu   norm 1   0 to 1   75% zeros\n[0, 1, 0, 0]"),
    (np.array([NAN, 1.0]), "(2,) float64 cpu   norm NaN   1   1 NaN, first at [0]\n[nan, 1]"),
    (np.full(3, NAN), "(3,) float64 cpu   norm NaN   all NaN\n[nan, nan, nan]"),
    (np.full(2, INF), "(2,) float64 cpu   norm Inf   all Inf\n[inf, inf]"),
    (np.array([3 + 4j, 0]),
     "(2,) complex128 cpu   norm 5   modulus 0 to 5   50% zeros\n[3+4j, 0+0j]"),
    (np.arange(12), "(12,) int64 cpu   0 to 11\n[0, 1, 2, ..., 9, 10, 11]"),
    (np.array([2**53 + 1, 5]), "(2,) int64 cpu   5 to 9007199254740993\n[9007199254740993, 5]"),
    (np.array([True, False]), "(2,) bool cpu   50% True\n[True, False]"),
    (np.array(0.5), "() float64 cpu   0.5"),
    (np.ones((0, 3)), "(0, 3) float64 cpu   empty"),
    (np.array(["a", None], object), "(2,) object cpu\n['a', None]"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[t.partition("\n")[0] for _, t in TEXTS])
def test_the_text(value, text):
    assert preview(value) == text
    assert headline(value) == text.partition("\n")[0]


def test_a_tensor_is_its_array_and_half_precision_is_known():
    a = np.array([[1.0, 0.0], [NAN, 4.0]], "f4")
    assert preview(ag.tensor(a)) == preview(a)
    half = preview(ag.tensor(a).half())
    assert half == preview(a).replace("float32", "float16")
    pytest.importorskip("ml_dtypes")
    assert preview(ag.tensor(a).bfloat16()) == preview(a).replace("float32", "bfloat16")


def test_a_tuple_has_a_line_or_two_for_each_item():
    text = preview((np.ones(2), None, ag.tensor(3.0)))
    assert text.splitlines() == [
        "tuple of 3",
        "  [0]  (2,) float64 cpu   norm 1.41   all 1",
        "       [1, 1]",
        "  [1]  None",
        "  [2]  () float32 cpu   3",
    ]
    assert preview([np.ones(2)] * 9).splitlines()[-1] == "  and 3 more"


class Rude:
    def __repr__(self):
        raise RuntimeError("no name")


def test_a_repr_that_raises_ends_nothing():
    assert re.fullmatch(r"<Rude instance at 0x\w+> \(Rude\)", preview(Rude()))


ARRAYS = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=4, max_side=7),
    elements=st.one_of(
        st.floats(-100, 100, width=32), st.sampled_from([0.0, NAN, INF, -INF, 1e30, 1e-30])
    ),
)


@given(ARRAYS, st.booleans())
def test_counts_places_and_size_of_any_array(a, transpose):
    a = a.T if transpose else a
    lines = preview(a).splitlines()
    assert len(lines) <= 2
    assert all(len(line) < 240 for line in lines)
    if a.size == 1:
        return
    bad = np.argwhere(~np.isfinite(a))
    found = re.search(r"first at (.*)$", lines[0])
    if len(bad) == 0 or np.isnan(a).all() or np.isinf(a).all():
        assert found is None
    else:
        assert found[1] == ", ".join(str(p.tolist()) for p in bad[:3])
        nans = re.search(r"(\d+) NaN", lines[0])
        assert (int(nans[1]) if nans else 0) == np.isnan(a).sum()
    zeros = re.search(r" (\d+)% zeros", lines[0])
    if zeros:
        assert abs(int(zeros[1]) / 100 - (a == 0).mean()) <= 0.0051


def test_a_device_keeps_its_array():
    a = np.zeros((300, 100), "f4")
    a[2, 7], a[1, 1] = NAN, 3.0
    there = ag.tensor(a).to("strict")
    strict_device.copies.clear()
    assert preview(there) == preview(a).replace("cpu", "strict")
    assert strict_device.copies["to host"] <= 3, "statistics, places and values come at once each"


@pytest.mark.parametrize("made", [lambda a: a, lambda a: a.T, lambda a: a[:, ::2]])
def test_a_large_array_is_not_copied(made):
    a = made(np.zeros((1000, 4000)))
    a[-1, -1] = NAN
    preview(a)  # whatever is imported or cached
    tracemalloc.start()
    preview(a)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < a.nbytes / 4
