#!/usr/bin/env bash
# Give the test environment a PyTorch to compare with, where that is wanted and cheap.
#
#     tools/torch_for_tests.sh VENV
#
# Tests that compare with PyTorch are skipped where it is missing. It is installed in CI (CI=true) and
# where asked for (TORCH=1), never on a stranger's machine unasked, and TORCH=0 forbids it. The pin names
# the CPU build (200 MB): "+cpu" can never resolve to the CUDA build, which pulls gigabytes. Not getting
# it is no failure: a sentence says so, and the tests go on.
set -euo pipefail

venv=$1
pin="torch==2.13.0+cpu"
log=$venv/install-torch.log

if "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("torch"))'; then
    exit 0
fi
wanted=0
if [ "${CI:-}" = true ]; then wanted=1; fi
if [ "${TORCH:-$wanted}" != 1 ]; then
    echo "PyTorch is not installed, so the tests that compare with it are skipped (make test TORCH=1 installs its CPU build)."
    exit 0
fi

install() {
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        --only-binary :all: "$@" "$pin" </dev/null
}

echo "Installing $pin to compare with (log: $log)."
# First from where pip looks anyway, then from PyTorch's own index of CPU builds.
if install >"$log" 2>&1 \
    || install --retries 1 --timeout 20 --extra-index-url https://download.pytorch.org/whl/cpu >>"$log" 2>&1; then
    exit 0
fi
echo "$pin cannot be had here (see $log), so the tests that compare with PyTorch are skipped."
