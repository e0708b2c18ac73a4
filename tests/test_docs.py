"""The documentation: its Python runs and shows what it says, its links lead somewhere.

``tools/build_docs.sh`` builds the site, with warnings as errors; what is tested here needs
nothing but what the other tests need.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_pages import DOCS, NAMES, PAGES, ROOT, anchors, cells, links

import autograd_core as ag
from autograd_core.debug.breakpoints.conditions import ConditionError, parse, syntax
from autograd_core.debug.prompt.prompt_help import USAGE

every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


# --- Python blocks ------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a shell in an empty folder, with nobody to answer at a prompt."""
    pytest.importorskip("IPython", reason="the pages' cells need IPython (the extra 'lab')")
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from autograd_core.debug.prompt import prompt

    monkeypatch.setattr(prompt, "_prompts", [])  # pdb keeps what was displayed there before
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr(sys, "stdin", None)
    (tmp_path / "page").mkdir()
    monkeypatch.chdir(tmp_path / "page")
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    shell = InteractiveShell(config=config)
    yield shell
    if "autograd_trace" in shell.magics_manager.magics["line"]:
        shell.run_line_magic("unload_ext", "autograd_core")
    ag.debug.breakpoints().clear()
    ag.debug.debugger().missed.clear()


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if next(cells(p.read_text(encoding="utf-8")), None)],
    ids=lambda page: page.stem,
)
def test_python_of_a_page_runs_and_shows_what_stands_below_it(page: Path, shell: Any) -> None:
    for cell in cells(page.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            result = shell.run_cell(cell.code, store_history=True)
        where = f"{page.name}:{cell.line}"
        raised = result.error_in_exec or result.error_before_exec
        is_shown = raised is not None and type(raised).__name__ in (cell.shown or "")
        assert raised is None or is_shown, f"{where} raised {raised!r}"
        if cell.shown is not None:
            assert_shown(cell.shown, printed.getvalue(), where)


def assert_shown(wanted: str, got: str, where: str) -> None:
    """Compare as doctest does: runs of blanks are one, ... stands for anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    same = doctest.OutputChecker().check_output(plain(wanted), plain(got), flags)
    assert same, f"{where} shows\n{got}\nbut the page says\n{wanted}"


def plain(shown: str) -> str:
    """What a cell shows, without what depends on the cells of other pages."""
    shown = re.sub(r"breakpoint \d+", "breakpoint N", shown)
    return re.sub(r"^Out\[\d+\]:", "", shown, flags=re.MULTILINE)


@every_page
def test_doctests_of_a_page(page: Path) -> None:
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    try:
        failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    finally:
        ag.debug.breakpoints().clear()
    assert not failed


# --- links --------------------------------------------------------------------------------------


@every_page
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve() if target else page
        if path.parent == DOCS / "api":  # written by the build, which checks these links
            continue
        if not path.exists() or not path.is_relative_to(ROOT):
            broken.append(link)
        elif anchor and path.suffix == ".md":
            text = path.read_text(encoding="utf-8")
            if "<!-- generated:" not in text and anchor not in anchors(text):
                broken.append(link)
    assert not broken


# --- what the pages say about the code ----------------------------------------------------------


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build() -> Iterator[Any]:
    """Yield what imports a module of the site's build."""
    sys.path.insert(0, str(DOCS / "_ext"))
    yield importlib.import_module
    sys.path.remove(str(DOCS / "_ext"))


def test_conditions_page_names_every_word_of_the_language() -> None:
    text = read("conditions.md")
    quoted = " ".join(re.findall(r"`([^`]*)`", text))
    missing = {word for word in syntax.ALL_WORDS if word not in quoted}
    assert missing <= {"backward"}


def test_conditions_on_the_pages_can_be_read() -> None:
    rows = re.findall(r"^\|[^|]*\|[^|]*\|([^|]*)\|$", read("conditions.md"), re.MULTILINE)
    examples = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 20
    for example in examples:
        parse(example)
    with pytest.raises(ConditionError):
        parse("op:Mul and")


def test_debugger_page_has_every_command_of_the_prompt() -> None:
    table = read("debugger.md").partition("### Our commands")[2].partition("###")[0]
    assert {
        name for name in USAGE if not re.search(rf"^\| `{name}\b", table, re.MULTILINE)
    } == set()


def test_generated_texts_come_from_the_code(build: Any) -> None:
    pytest.importorskip("IPython", reason="the magics are IPython's (the extra 'lab')")
    assert doctest.testmod(build("rst_text")).failed == 0
    texts = build("command_texts")
    assert "## `%%autograd_trace`" in texts.magics()
    assert "--break COND" in texts.magics()
    assert set(re.findall(r"^### (\w+)$", texts.prompt_commands(), re.MULTILINE)) == set(USAGE)
    assert "alternatives" in texts.grammar()
    assert "py: the rest of the text" in texts.grammar()
    assert "autograd-core trace [options] FILE.py" in texts.command_line()


def test_every_mark_on_the_pages_is_known(build: Any) -> None:
    source = (DOCS / "_ext" / "generated.py").read_text(encoding="utf-8")
    known = set(re.findall(r'^    "([\w ]+)": ', source, re.MULTILINE))
    used = {
        name for page in PAGES
        for name in re.findall(r"<!-- generated: (.+?) -->", page.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert used == known


def test_operations_page_has_each_declaration_and_function(build: Any) -> None:
    from autograd_core import examples
    from autograd_core.declare import REGISTRY

    texts = build("operation_texts")
    primitives = re.findall(r"^\| `([^`]+)` \|", texts.primitives(), re.MULTILINE)
    assert set(primitives) == set(REGISTRY)
    functions = re.findall(r"^\| `([^`]+)` \|", texts.functions(), re.MULTILINE)
    assert set(functions) == set(examples.REGISTRY)
    assert "`tanh` | yes | yes | yes | yes | `TanhBackward0`" in texts.functions()
    row = next(row for row in texts.primitives().splitlines() if row.startswith("| `tanh` |"))
    assert row == (
        "| `tanh` | `tanh`, `nn.functional.tanh`, `rnn_tanh_cell` | `TanhBackward0` | `input` |  "
        "| `input` | `result` | elementwise |"
    )


def test_api_pages_leave_out_no_public_name(build: Any) -> None:
    pages = dict(build("api_pages").Pages().all())
    everything = "\n".join(pages.values())
    for name in set(build("api_pages").public(ag)) - {"Tensor"}:
        assert f":py:obj:`{name} <" in everything, name
    for word in (
        "autoclass:: autograd_core.nn.Linear",
        "autofunction:: autograd_core.fft.fft",
        "autofunction:: autograd_core.debug.why",
        "automethod:: autograd_core.Tensor.backward",
    ):
        assert word in everything


def test_pytorchs_names_are_those_of_the_version_that_the_page_says() -> None:
    torch = pytest.importorskip("torch")
    known = json.loads(read("_ext/pytorch_names.json"))
    if str(torch.__version__).split("+")[0] != known["version"]:
        pytest.skip(f"the names are those of PyTorch {known['version']}")
    spec = importlib.util.spec_from_file_location("pytorch_names", ROOT / "tools/pytorch_names.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.collected() == known
