#!/usr/bin/env bash
# Run stages of the tests, in the order given, and stop at the first that fails.
#
#     tools/run_tests.sh VENV STAGE...     stages: lint types notebooks browser unit kernels
#
# JOBS sets how many processes run the unit tests (2), PYTEST_ARGS adds arguments to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(cd "$1" && pwd)/bin
shift
export PYTHONUNBUFFERED=1
read -ra pytest_args <<<"${PYTEST_ARGS:-}"

lint() {
    "$bin/ruff" check .
    "$bin/ruff" format --check .
}

types() {
    "$bin/python" -m mypy
}

notebooks() {
    shopt -s nullglob
    local found=(notebooks/*.ipynb)
    if [ ${#found[@]} = 0 ]; then echo "There are no notebooks."; return; fi
    "$bin/python" -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg \
        -p no:cacheprovider "${found[@]}" "${pytest_args[@]}"
}

browser() {
    if [ ! -d tests/browser ]; then echo "There are no browser tests."; return; fi
    "$bin/python" -m pytest tests/browser "${pytest_args[@]}"
}

# One thread for each process in BLAS and OpenMP: several processes already fill the cores.
unit() {
    local ignore=()
    if [ -d tests/browser ]; then ignore=(--ignore=tests/browser); fi
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
        "$bin/python" -m pytest -n "${JOBS:-2}" "${ignore[@]}" "${pytest_args[@]}"
}

kernels() {
    tools/oldest_kernel.sh "$bin/.." "${pytest_args[@]}"
}

declare -A title=(
    [lint]="lint: ruff check, ruff format"
    [types]="types: mypy --strict on the engine and the debugger"
    [notebooks]="notebooks: nbval runs each and compares its outputs"
    [browser]="browser tests"
    [unit]="unit tests and doctests"
    [kernels]="the notebook side, with the oldest ipykernel and IPython"
)

for stage in "$@"; do
    if [ -z "${title[$stage]:-}" ]; then
        echo "no such stage: $stage (there are: lint types notebooks browser unit kernels)" >&2
        exit 2
    fi
    printf '\n### %s\n' "${title[$stage]}"
    # Not "if ! $stage": bash ignores set -e inside a condition, and a failing first line would pass.
    trap 'echo "### FAILED: ${title[$stage]}" >&2' EXIT
    $stage
    trap - EXIT
done
