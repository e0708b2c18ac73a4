"""A run that makes more than can be drawn: what reaches the page, and that it still works."""

from collections import Counter

from browser.lab import Lab

SETUP = """\
%load_ext autograd_core
import autograd_core as ag
from autograd_core import nn
net = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(50)])
x = ag.ones(2, 4)"""
LONG = """\
%%autograd_trace
for _ in range(300):
    net(x).square().mean().backward()
    for p in net.parameters():
        p.grad = None"""
WATCH = """() => {
    window.frames_ = [];
    const panel = window.jupyterapp.shell.currentWidget;
    panel.sessionContext.session.kernel.iopubMessage.connect((_, message) => {
        if (message.content.data?.content?.type === 'frame') {
            const bytes = message.buffers.map(buffer => buffer.byteLength);
            window.frames_.push([Date.parse(message.header.date), bytes]);
        }
    });
}"""


def test_frames_are_few_and_small_and_the_last_iteration_is_shown_whole(lab: Lab) -> None:
    lab.open(SETUP, LONG, "print(len(_trace.find(iteration=299)))")
    lab.run_cell(0)
    lab.page.evaluate(WATCH)
    lab.run_cell(1)
    nodes = int(lab.run_cell(2))
    whole = f"iteration 299: {nodes} nodes, {nodes} backward"
    lab.page.wait_for_selector(f".ag-root canvas[aria-label*='{whole}']")
    frames = lab.page.evaluate("window.frames_")
    assert all(len(buffers) == 1 and buffers[0] < 256 << 10 for _, buffers in frames)
    flushes = sorted({when // 25 for when, _ in frames})  # one may take several frames
    a_second = Counter(flush // 40 for flush in flushes)
    assert max(a_second.values()) <= 22  # 20, and those at the begin and the end
    assert len(frames) > 5
    assert lab.errors == []
