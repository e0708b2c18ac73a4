#!/usr/bin/env bash
# Run stages of the tests, in the order given, and stop at the first that fails.
#
#     tools/run_tests.sh VENV STAGE...     stages: lint types widgets notebooks browser unit kernels packages docs
#
# JOBS sets how many processes run notebooks, browser and unit tests (2), PYTEST_ARGS adds arguments to pytest.
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
        -p no:cacheprovider -n "${JOBS:-2}" --dist loadfile "${found[@]}" "${pytest_args[@]}"
}

# A stage that cannot run here is no reason to stop, but nobody should overlook it.
left_out() {
    printf '\n%s\n' "!!! NOT RUN: ${title[$1]}; $2" >&2
}

# The committed bundles are held against their sources by tests/test_widgets.py, also without Node.
widgets() {
    if ! tools/browser_tools.sh "$bin/.." node; then left_out widgets "there is no Node"; return; fi
    (
        export PATH="$bin:$PATH"
        cd widgets
        npm_ci
        npm run check
        npm test
        cd lab
        npm_ci
        npm run check
        npm test
    )
}

# `npm ci`, unless what the lock file says is there already.
npm_ci() {
    if cmp -s package-lock.json node_modules/.installed; then return; fi
    npm ci --no-audit --no-fund
    cp package-lock.json node_modules/.installed
}

# On a machine with other work a page may be late: what fails is tried once more, and the summary says so.
browser() {
    if ! tools/browser_tools.sh "$bin/.." chromium; then left_out browser "there is no Chromium"; return; fi
    "$bin/python" -m pytest -n "${JOBS:-2}" --dist loadfile --reruns 1 tests/browser "${pytest_args[@]}"
}

# One thread for each process in BLAS and OpenMP: several processes already fill the cores.
unit() {
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
        "$bin/python" -m pytest -n "${JOBS:-2}" --ignore=tests/browser --ignore=tests/packages "${pytest_args[@]}"
}

kernels() {
    tools/oldest_kernel.sh "$bin/.." "${pytest_args[@]}"
}

# A version of Python that is not here is left out, and said at the end.
packages() {
    "$bin/python" -m pytest -p no:cacheprovider -r fE tests/packages "${pytest_args[@]}"
}

docs() {
    tools/build_docs.sh "$bin/.."
}

declare -A title=(
    [lint]="lint: ruff check, ruff format"
    [types]="types: mypy --strict on the engine and the debugger"
    [notebooks]="notebooks: nbval runs each and compares its outputs"
    [widgets]="widgets: types, eslint, prettier and vitest; the bundles are those of the sources"
    [browser]="browser tests: JupyterLab and Notebook 7 in Chromium"
    [unit]="unit tests and doctests"
    [kernels]="the notebook side, with the oldest ipykernel and IPython"
    [packages]="packages: sdist and wheel, and the wheel in a clean environment of each Python"
    [docs]="docs: the site is built without warnings, and its links lead somewhere"
)

for stage in "$@"; do
    if [ -z "${title[$stage]:-}" ]; then
        echo "no such stage: $stage (there are: lint types widgets notebooks browser unit kernels packages docs)" >&2
        exit 2
    fi
    printf '\n### %s\n' "${title[$stage]}"
    # Not "if ! $stage": bash ignores set -e inside a condition, and a failing first line would pass.
    trap 'echo "### FAILED: ${title[$stage]}" >&2' EXIT
    $stage
    trap - EXIT
done
