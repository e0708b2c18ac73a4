"""Commands to a paused kernel: typed, clicked, over comms, mixed; and what front ends hear."""

import pytest
from real_kernel import NAME, Kernel

SQUARE = """x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).sum()
y.backward()
print(x.grad.tolist())"""
STOP_AT_MUL = f"%%autograd_trace --break op:Mul --format svg\n{SQUARE}"
PAUSED = "Paused before MulBackward0"


# ------------------------------------------------------------------ typed and clicked


def test_typed_commands(paused: Kernel) -> None:
    cell = paused.start(STOP_AT_MUL)
    assert cell.prompt()["content"] == {"prompt": "(Autograd) ", "password": False}
    cell.says(PAUSED)
    paused.type("p grad.tolist(), len(saved)")
    cell.prompt()
    paused.type("continue")
    cell.finish()
    assert "([1.0, 1.0], 2)" in cell.text
    assert "[2.0, 4.0]" in cell.text
    assert cell.error is None


def test_a_click_while_the_box_waits(paused: Kernel) -> None:
    """The box stays for the next prompt; neither it nor a later input() gets a stale answer."""
    paused.ask("state", listen=True)
    cell = paused.start(f"{STOP_AT_MUL}\nprint('name', input('name? '))")
    box = cell.prompt()
    assert paused.ask("over", 5) == {"id": 5, "ok": True, "result": {"queued": True}}
    second = cell.paused(2)
    assert second["node"]["op"] == "AccumulateGrad"
    assert second["input_request"] == box["header"]["msg_id"]
    cell.says("(Autograd) over\n")
    paused.type("p type(node).__name__, 'typed'", to=box)
    assert cell.prompt()["content"]["prompt"] == "(Autograd) "
    cell.says("('AccumulateGrad', 'typed')")
    paused.ask("continue")
    assert cell.prompt()["content"]["prompt"] == "name? "
    paused.type("Ada")
    cell.finish()
    assert "name Ada" in cell.text


def test_answers_to_boxes_of_other_cells_are_not_commands(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(STOP_AT_MUL)
    left_over = cell.prompt()
    paused.ask("continue")
    cell.finish()
    cell = paused.start(STOP_AT_MUL)
    cell.prompt()
    paused.type("p 'from the old box'", to=left_over)
    paused.type("p 'from the new box'")
    cell.prompt()
    paused.type("continue")
    cell.finish()
    assert "from the new box" in cell.text
    assert "from the old box" not in cell.text


def test_the_users_own_input_gets_its_own_answer(paused: Kernel) -> None:
    """It comes while our box still waits, and what is typed there later is nobody's."""
    paused.ask("state", listen=True)
    cell = paused.start(f"{STOP_AT_MUL}\nprint(input('own? '))\n(x * x).sum().backward()")
    box = cell.prompt()
    paused.ask("continue")
    assert cell.prompt()["content"]["prompt"] == "own? "
    paused.type("mine")
    assert cell.prompt()["content"]["prompt"] == "(Autograd) "
    paused.type("p 'from the old box'", to=box)
    paused.type("continue")
    cell.finish()
    assert "\nmine\n" in cell.text
    assert "from the old box" not in cell.text


def test_what_is_typed_while_backward_runs_is_not_run_later(paused: Kernel, tmp_path) -> None:
    """But it is said, and the next stop has a box again."""
    paused.ask("state", listen=True)
    done = tmp_path / "typed"
    cell = paused.start(
        f"{STOP_AT_MUL}\nimport pathlib, time\nprint('running', flush=True)\n"
        f"while not pathlib.Path({str(done)!r}).exists(): time.sleep(0.01)\n"
        "while not get_ipython().kernel.stdin_socket.poll(10): pass\n(x * x).sum().backward()"
    )
    box = cell.prompt()
    paused.ask("continue")
    cell.says("running")
    paused.type("p 'too late'", to=box)
    done.touch()
    cell.prompt()
    cell.says("(not run, because it was typed while nothing was paused: p 'too late')")
    paused.type("continue")
    cell.finish()
    assert "\n'too late'" not in cell.text


def test_commands_that_wait_run_in_order(paused: Kernel) -> None:
    cell = paused.start(STOP_AT_MUL)
    cell.prompt()
    for line in ("p 'a'", "p 'b'", "p 'c'"):
        assert paused.ask("command", line=line)["ok"]
    paused.ask("continue")
    cell.finish()
    a, b, c = (cell.text.index(f"\n'{letter}'") for letter in "abc")
    assert a < b < c


@pytest.mark.parametrize("command", ["over", "into", "back", "stop", "replay"])
def test_nothing_is_queued_while_nothing_is_paused(paused: Kernel, command: str) -> None:
    reply = paused.ask(command, "n1")
    said = f"nothing is paused, so there is nothing to {command}"
    assert reply == {"id": "n1", "ok": False, "error": said}


def test_every_button(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(f"%%autograd_trace --break op:Sum\n{SQUARE}")
    cell.paused()
    paused.ask("over", count=2)
    assert cell.paused(2)["steps_done"] == 2
    paused.ask("back", count=1)
    assert cell.paused(3)["steps_done"] == 1
    paused.ask("edit", expression="grad * 10")
    cell.says("now       (2,) float32")
    paused.ask("until", target="op:AccumulateGrad")
    assert cell.paused(4)["node"]["name"] == "x"
    paused.ask("back", count=9)
    assert cell.paused(5)["steps_done"] == 0
    paused.ask("replay")
    assert cell.paused(6)["steps_done"] == 2
    paused.ask("continue")
    cell.finish()
    assert "[2.0, 4.0]" in cell.text  # replayed without the edit, which was undone


def test_the_channel_is_closed_when_the_extension_goes(tmp_path) -> None:
    kernel = Kernel(tmp_path)
    try:
        kernel.run("%load_ext autograd_core\n%unload_ext autograd_core")
        handlers = kernel.value(
            f"({NAME!r} in get_ipython().kernel.control_handlers, "
            f"{NAME!r} in get_ipython().kernel.comm_manager.targets)"
        )
        assert handlers == (False, False)
    finally:
        kernel.close()


# ------------------------------------------------------------------ breakpoints and state


def test_breakpoints_are_set_while_a_cell_runs(paused: Kernel) -> None:
    cell = paused.start(
        "for turn in range(100000):\n"
        "    x = torch.ones(2, requires_grad=True)\n"
        "    (x * x).sum().backward()\n"
        "    if turn == 0: print('running', flush=True)"
    )
    cell.says("running")
    reply = paused.ask("break", text="op:Mul", once=True)
    assert [row["text"] for row in reply["result"]["breakpoints"]] == ["op:Mul"]
    cell.prompt()
    paused.type("p 'stopped at', turn")
    cell.prompt()
    paused.ask("clear")
    paused.manager.interrupt_kernel()
    cell.finish()
    assert "('stopped at', " in cell.text
    assert cell.error == "KeyboardInterrupt"


def test_breakpoints_over_the_channel(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    bad = paused.ask("break", text="op:Mull")
    assert not bad["ok"]
    assert "did you mean 'op:Mul'?" in bad["error"]
    reply = paused.ask("break", text="nan", ignore=2)
    assert reply["ok"], reply
    number = reply["result"]["breakpoints"][0]["number"]
    event = paused.wait_for(lambda m: m["msg_type"] == f"{NAME}_event")["content"]
    assert event["event"] == "breakpoints"
    assert event["state"]["breakpoints"][0]["ignore"] == 2
    reply = paused.ask("disable", number=number)
    assert reply["ok"], reply
    assert reply["result"]["breakpoints"][0]["enabled"] is False
    assert paused.ask("enable", number=number)["result"]["breakpoints"][0]["enabled"] is True
    unknown = paused.ask("disable", number=number + 7)
    assert unknown["error"].startswith(f"there is no breakpoint {number + 7}; the numbers are")
    assert paused.ask("clear", number=number)["result"] == {"breakpoints": []}
    assert paused.ask("breakpoints")["result"] == {"breakpoints": []}


def test_the_state_of_a_stop(paused: Kernel) -> None:
    cell = paused.start(
        "%%autograd_trace --break nan\nx = torch.tensor([0.0, 4.0], requires_grad=True)\n"
        "w = torch.tensor([0.0, 1.0])\n(x.sqrt() * w).sum().backward()",
        cell_id="the-cell",
    )
    box = cell.prompt()
    state = paused.ask("state")["result"]
    assert state["status"] == "paused"
    assert state["reason"].endswith("nan")
    assert state["node"]["op"] == "AccumulateGrad"
    assert state["input_request"] == box["header"]["msg_id"]
    (gradient,) = state["gradients"]
    assert (gradient["shape"], gradient["nan"], gradient["norm"]) == ([2], 1, "nan")
    paused.ask("back", count=1)
    cell.says("(Autograd) back 1")
    cell.says("Paused before SqrtBackward0")
    state = paused.ask("state")["result"]
    assert state["location"]["text"].startswith("(x.sqrt() * w)")
    assert state["location"]["cell_id"] == "the-cell"
    assert state["saved"][0]["shape"] == [2]
    paused.ask("stop")
    cell.finish()
    assert cell.error == "BackwardStopped"
    assert paused.ask("state")["result"]["status"] == "idle"


def test_events_and_previews(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(STOP_AT_MUL)
    cell.prompt()
    for arguments, said in [
        ({"gradient": 0}, "(2,) float32"),
        ({"saved": "self"}, "[1, 2]"),
        ({"saved": "other_thing"}, "nothing saved is named 'other_thing' here"),
        ({"gradient": 3}, "there are 1 gradients here, counted from 0"),
    ]:
        assert paused.ask("preview", said, **arguments)["ok"]
        cell.wait(said, lambda said=said: [e for e in cell.events if e.get("id") == said])
        assert said in str(cell.events[-1]["result"])
    paused.type("edit grad * 2")
    cell.prompt()
    paused.type("continue")
    cell.finish()
    told = [event["event"] for event in cell.events if event["event"] != "preview"]
    assert told == ["paused", "edited", "running", "ended", "breakpoints"]  # the cell's are gone
    assert cell.events[-1]["state"]["status"] == "idle"


# ------------------------------------------------------------------ without an input box


def test_a_panel_is_asked_where_there_is_no_stdin(paused: Kernel) -> None:
    paused.ask("state", listen=True)
    cell = paused.start(STOP_AT_MUL, stdin=False)
    cell.paused()
    paused.ask("edit", expression="grad * 100")
    paused.ask("continue")
    cell.finish()
    assert "[200.0, 400.0]" in cell.text


def test_with_nobody_to_ask_the_run_goes_on(paused: Kernel) -> None:
    cell = paused.start(STOP_AT_MUL, stdin=False)
    cell.finish()
    assert cell.text.count("would have paused at MulBackward0, norm 1.41") == 1
    assert "[2.0, 4.0]" in cell.text
    assert cell.error is None


def test_nobody_hears_events_unasked(paused: Kernel) -> None:
    """Programs that run notebooks complain of messages that they don't know."""
    kinds: set[str] = set()
    cell = paused.start(STOP_AT_MUL)
    cell.wait("a prompt", cell.requested, lambda message: kinds.add(message["msg_type"]))
    paused.type("continue")
    cell.finish(lambda message: kinds.add(message["msg_type"]))
    assert not [kind for kind in kinds if kind.startswith(NAME)]
