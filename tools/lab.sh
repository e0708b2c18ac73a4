#!/usr/bin/env bash
# Open JupyterLab on the first notebook; further arguments go to JupyterLab.
#
#     tools/lab.sh VENV [ARGUMENT...]      for example: tools/lab.sh .venv --no-browser --port 9999
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(cd "$1" && pwd)/bin
shift
target=notebooks/01_start_here.ipynb
if [ ! -f "$target" ]; then target=notebooks; fi

# JupyterLab refuses to run as root unless told to; in a container root is the usual user.
as_root=()
if [ "$(id -u)" = 0 ]; then
    echo "You are root: starting JupyterLab with --allow-root."
    as_root=(--allow-root)
fi

# The kernel must be this environment's, even where the user has another one named python3.
export PATH="$bin:$PATH" JUPYTER_PREFER_ENV_PATH=1
exec "$bin/jupyter" lab "${as_root[@]}" "$target" "$@"
