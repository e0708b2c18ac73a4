"""A shell in this process, and a real kernel in another."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython", reason="the magics need IPython (the extra 'lab')")

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from real_kernel import Kernel
from traitlets.config import Config

SETUP = "%load_ext autograd_core\nimport autograd_core as torch"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Yield a fresh terminal-like shell with the extension loaded; In [1] has run."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    shell = InteractiveShell(config=config)
    shell.run_cell(SETUP, store_history=True).raise_error()
    yield shell
    shell.run_line_magic("unload_ext", "autograd_core")


@pytest.fixture
def run(shell: InteractiveShell) -> Callable[[str], Any]:
    """Run a cell as a user does; gives IPython's result, which holds value and error."""
    return lambda cell: shell.run_cell(cell, store_history=True)


@pytest.fixture
def pictures(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Make the shell look like a kernel's; gives the list of what it publishes."""
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    shell.display_pub = CapturingDisplayPublisher()
    return shell.display_pub.outputs


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Yield a running kernel with the extension loaded."""
    pytest.importorskip("ipykernel", reason="kernel tests need ipykernel (the extra 'lab')")
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    try:
        assert kernel.run(SETUP) == []
        yield kernel
    finally:
        kernel.close()


HEALTH = """
import sys as _sys
from autograd_core import events as _events, state as _state
from autograd_core.debug.stepping.debugger import debugger as _debugger
_x = torch.tensor([1.0, 2.0], requires_grad=True)
(_x * _x).sum().backward()
print(_x.grad.tolist(), _sys.gettrace(), _debugger().paused, len(_debugger().breakpoints),
      _state.driver, _events._taps, _events.listeners, _state.modes.grad)
"""


@pytest.fixture
def paused(kernel: Kernel) -> Iterator[Kernel]:
    """Yield the kernel to pause in; whatever a test did, the engine works as ever afterwards."""
    yield kernel
    if kernel.ask("state")["result"]["status"] == "paused":  # the test has failed
        kernel.ask("stop")
    while kernel.client.stdin_channel.msg_ready():
        kernel.client.stdin_channel.get_msg(timeout=1)
    kernel.ask("state", listen=False)
    printed = kernel.run(HEALTH)[-1]["text"]
    kernel.ask("clear")  # for the next test, if this one has failed
    assert printed == "[2.0, 4.0] None None 0 None () () True\n"
    kernel.heard.clear()
