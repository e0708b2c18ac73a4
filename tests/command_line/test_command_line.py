"""``autograd-core`` in processes of its own: what it prints, writes, refuses and exits with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_core as ag
from jupyter_ext.command_line import doctor, main, view

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "from jupyter_ext.command_line import main; raise SystemExit(main())"
SCRIPT = """\
import sys
import autograd_core as ag
from helper import scale
w = ag.tensor([1.0, 2.0], requires_grad=True)
for step in range(3):
    loss = (w * w * scale).tanh().sum()
    loss.backward()
print("given", sys.argv[1:], __name__)
if "fail" in sys.argv: undefined
if "leave" in sys.argv: sys.exit("that is enough")
if "seven" in sys.argv: sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("scale = 3.0")
    return tmp_path


def run(folder, *arguments, stdin=""):
    """Run the command; gives (exit code, output, errors)."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": "true"}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], cwd=folder, env=environment, input=stdin,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def frames_of(page):
    """What a page holds for its program."""
    found = re.search(r'id="frames">(.*?)</script>', page.read_text(), re.DOTALL)
    return json.loads(found[1])


# ------------------------------------------------------------------ trace


def test_a_script_is_traced(folder):
    code, out, err = run(folder, "trace", "--save", "kept.trace", "train.py", "a", "--b")
    assert (code, err) == (0, "")
    assert "given ['a', '--b'] __main__" in out
    assert "15 nodes, 15 backward steps" in out
    assert "train.py:6" in out
    frames = frames_of(folder / "train.trace.html")
    assert sorted(frames["iterations"]) == ["0", "1", "2"]
    assert frames["whole"][-1]["header"]["oldest"] == 0
    assert len(ag.debug.load(folder / "kept.trace").nodes) == 15


def test_a_script_that_fails_is_traced_up_to_there(folder):
    code, out, err = run(folder, "trace", "train.py", "fail")
    assert code == 1
    assert "15 nodes" in out
    assert (folder / "train.trace.html").exists()
    assert err.splitlines()[-1] == (
        "autograd-core: train.py ended with NameError: name 'undefined' is not defined; "
        "shown is what was recorded until then"
    )
    assert "runpy" not in err  # the traceback begins in the script


@pytest.mark.parametrize(("word", "expected"), [("seven", 7), ("leave", 1)])
def test_an_exit_code_is_passed_on(folder, word, expected):
    code, out, err = run(folder, "trace", "train.py", word)
    assert code == expected
    assert "15 nodes" in out
    assert ("train.py stopped: that is enough" in err) == (word == "leave")


def test_a_script_stops_where_a_condition_holds(folder):
    code, out, _ = run(
        folder, "trace", "--break", "op:Tanh and iter == 1", "train.py", stdin="grad\nc\n"
    )
    assert code == 0
    assert out.count("Paused before TanhBackward0") == 1
    assert "15 nodes" in out


def test_a_script_without_tensors_says_so(folder):
    (folder / "plain.py").write_text("print(1 + 1)")
    assert run(folder, "trace", "plain.py")[:2] == (
        0,
        "2\nNothing was recorded: no operation on a tensor that requires grad ran.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["trace", "nothing.py"], 1, "autograd-core: there is no script 'nothing.py'"),
        (["trace", "."], 1, "'.' is a folder; name a script"),
        (["trace", "--html", "no/where.html", "train.py"], 1, "the folder 'no' does not exist"),
        (["trace", "--every", "0", "train.py"], 1, "every"),
        (["trace", "--break", "op:Tahn", "train.py"], 1, "did you mean"),
        (["trace", "--stats", "some", "train.py"], 2, "invalid choice: 'some'"),
        (["view", "nothing"], 1, "autograd-core: there is no file 'nothing'"),
        (["view", "train.py"], 1, "'train.py' is not a readable trace"),
        (["look"], 2, "invalid choice: 'look'"),
        ([], 2, "COMMAND"),
    ],
)
def test_what_is_wrong_gets_one_sentence(folder, arguments, code, words):
    found, out, err = run(folder, *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert len(err.splitlines()) == 1
    assert not list(folder.glob("*.html"))


# ------------------------------------------------------------------ view


def recorded(steps=2, name="w"):
    w = ag.ones(2, requires_grad=True)
    with ag.debug.trace() as trace:
        for _ in range(steps):
            (w * w).sum().backward()
    return trace


def test_a_saved_trace_is_shown(folder):
    recorded().save(folder / "kept.trace")
    code, out, err = run(folder, "view", "--no-open", "kept.trace")
    assert (code, err) == (0, "")
    page = Path(out.splitlines()[-1].split()[-1])
    assert page.name == "kept.html"
    assert sorted(frames_of(page)["iterations"]) == ["0", "1"]
    assert run(folder, "view", "--html", "mine.html", "--no-open", "kept.trace")[0] == 0
    assert (folder / "mine.html").exists()


def test_a_damaged_or_newer_trace_is_refused(folder):
    recorded().save(folder / "kept.trace")
    whole = (folder / "kept.trace").read_bytes()
    (folder / "cut.trace").write_bytes(whole[: len(whole) // 2])
    code, _, err = run(folder, "view", "--no-open", "cut.trace")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "'cut.trace' is not a readable trace" in err


def test_a_hostile_title_stays_text():
    page = view.page(recorded(), "</title><script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_hostile_names_stay_data():
    trace = recorded()
    evil = "</script><img src=x onerror=alert(1)>"
    pool = trace.pools["text"]
    pool.values[1] = evil
    page = view.page(trace, "t")
    assert evil not in page
    assert "\\u003c/script>" in page


def test_a_page_that_would_be_too_large_leaves_old_iterations_out(monkeypatch):
    trace = recorded(steps=6)
    monkeypatch.setattr(view, "LARGEST", 6000)
    kept = view._frames(trace)
    assert 5 in kept["iterations"]
    assert 0 not in kept["iterations"]
    assert kept["whole"][-1]["header"]["oldest"] == min(kept["iterations"])


# ------------------------------------------------------------------ doctor and demo


def test_the_doctor_names_what_mends(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_PACKAGES", [
        ("numpy", "1.0", "pip install numpy", True),
        ("numpy", "99.0", "pip install numpy", True),
        ("no-such-package", "1.0", "pip install it", True),
        ("neither-this", "1.0", "pip install that", False),
    ])  # fmt: skip
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("✓ numpy")
    assert re.match(r"✗ numpy .*too old: 99.0 is needed   → pip install numpy --upgrade", lines[3])
    assert re.match(r"✗ no-such-package +not installed   → pip install it", lines[4])
    assert re.match(r"· neither-this +not installed   → pip install that", lines[5])
    assert re.match(r"\d problems?: see the crosses above", lines[-1])


def test_the_doctor_sees_a_panel_that_is_off(tmp_path, monkeypatch):
    pytest.importorskip("jupyter_core")
    panel = tmp_path / "share" / "labextensions" / "autograd-core"
    panel.mkdir(parents=True)
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *parts: [str(panel.parent)])
    monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda: [str(tmp_path)])
    assert doctor._panel().found == "JupyterLab does not see it"
    (panel / "package.json").write_text("{}")
    assert doctor._panel() == doctor.Finding("JupyterLab panel", str(panel))
    settings = tmp_path / "labconfig" / "page_config.json"
    settings.parent.mkdir()
    settings.write_text('{"disabledExtensions": {"autograd-core": true}}')
    assert doctor._panel().mend == "jupyter labextension enable autograd-core"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("2.13.0+cpu", (2, 13, 0)), ("7.0rc1", (7, 0)), ("9.13", (9, 13)), ("x", ())],
)
def test_versions_are_compared_as_numbers(text, numbers):
    assert doctor._numbers(text) == numbers


def test_the_demo_trains(folder):
    pytest.importorskip("sklearn")
    code, out, err = run(folder, "demo", "--no-open")
    assert (code, err) == (0, "")
    assert "model.2.weight" in out
    losses = [float(x) for x in re.search(r"^loss +(.*)", out, re.MULTILINE)[1].split(" → ")]
    assert losses[-1] < losses[0] - 0.5
    assert len(frames_of(folder / "autograd_core_demo.html")["iterations"]) == 8


def test_the_demo_pauses(folder):
    pytest.importorskip("sklearn")
    code, out, _ = run(folder, "demo", "--no-open", "--pause", stdin="over\ncontinue\n")
    assert code == 0
    assert "Paused before ReluBackward0" in out
