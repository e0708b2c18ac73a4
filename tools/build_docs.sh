#!/usr/bin/env bash
# Build the documentation into build/docs/html; a warning is an error.
#
#     tools/build_docs.sh VENV [ARGUMENT...]      further arguments go to sphinx-build, e.g. -E
#
# What it needs (the extra "docs") is installed into VENV where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
shift
needed='import furo, IPython, myst_nb, numpy, sphinx'
if ! "$venv/bin/python" -c "$needed" 2>/dev/null; then
    tools/setup_env.sh "$venv" docs
    "$venv/bin/python" -c "$needed"
fi

out=build/docs
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$venv/bin/python" -m sphinx --builder html --doctree-dir "$out/doctrees" \
    --fail-on-warning --keep-going --quiet --jobs auto "$@" docs "$out/html"
echo "$out/html/index.html"
