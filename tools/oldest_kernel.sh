#!/usr/bin/env bash
# Run the tests of the notebook side with the oldest ipykernel and IPython that are supported; the unit
# tests run them with the newest.
#
#     tools/oldest_kernel.sh VENV [ARGUMENT...]      further arguments go to pytest
#
# The second environment is made inside the first, VENV/oldest-kernel, and kept.
set -euo pipefail
cd "$(dirname "$0")/.."

first=$(cd "$1" && pwd)
shift
venv=$first/oldest-kernel
wanted=(ipykernel==6.29.5 "ipython==8.*" ipywidgets anywidget numpy pillow pytest hypothesis)

stamp=$venv/.installed
if [ "$(cat "$stamp" 2>/dev/null)" != "${wanted[*]}" ]; then
    log=$first/install-oldest-kernel.log
    echo "Installing ${wanted[*]} into $venv (log: $log)."
    "$first/bin/python" -m venv --clear "$venv"
    if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        "${wanted[@]}" >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        echo "pip could not install ${wanted[*]}; the lines above are the end of $log" >&2
        exit 1
    fi
    echo "${wanted[*]}" >"$stamp"
fi

"$venv/bin/python" -c 'import IPython, ipykernel; print("ipykernel", ipykernel.__version__, "IPython", IPython.__version__)'
"$venv/bin/python" -m pytest -p no:cacheprovider tests/jupyter_ext "$@"
