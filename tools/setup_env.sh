#!/usr/bin/env bash
# Make the virtual environment and install autograd_core into it, editable, with one of its extras.
#
#     tools/setup_env.sh VENV EXTRA        for example: tools/setup_env.sh .venv test
#
# PYTHON=/path/to/python chooses the interpreter. Without it, the first one found on PATH that is
# supported and can make virtual environments is taken. An environment that works is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
extra=$2

# Write a command for the system as this user has to type it.
as_root() { if [ "$(id -u)" = 0 ]; then echo "$*"; else echo "sudo $*"; fi; }

supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# The command that gives this system a Python that can make virtual environments.
# $1 is the version that lacks the modules, or nothing where there is no Python at all.
how_to_install() {
    local version
    if command -v apt-get >/dev/null; then
        if [ -n "${1:-}" ]; then as_root "apt-get install -y python$1-venv"; return; fi
        for version in 3.13 3.12 3.11; do
            if apt-cache show "python$version-venv" >/dev/null 2>&1; then
                as_root "apt-get install -y python$version python$version-venv"
                return
            fi
        done
        echo "$(as_root "apt-get update") && $(as_root "apt-get install -y python3 python3-venv")"
    elif command -v dnf >/dev/null; then as_root "dnf install -y python3.12"
    elif command -v zypper >/dev/null; then as_root "zypper install -y python312"
    elif command -v pacman >/dev/null; then as_root "pacman -S --needed python"
    elif command -v apk >/dev/null; then as_root "apk add python3"
    elif command -v brew >/dev/null; then echo "brew install python@3.12"
    else echo "your system's package manager"; fi
}

find_python() {
    local candidate lacking=""
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        command -v "$candidate" >/dev/null || continue
        supported "$candidate" || continue
        if can_make_venv "$candidate"; then command -v "$candidate"; return; fi
        lacking=${lacking:-$candidate}
    done
    if [ -n "$lacking" ]; then
        echo "Python $(version_of "$lacking") ($(command -v "$lacking")) cannot make virtual" \
            "environments; install what it lacks with: $(how_to_install "$(version_of "$lacking")")" >&2
    else
        echo "Python 3.11, 3.12 or 3.13 is needed, and ${PYTHON:-"what is on PATH"} is not that;" \
            "install it with: $(how_to_install), or set PYTHON=/path/to/python" >&2
    fi
    return 1
}

if [ -x "$venv/bin/python" ] && supported "$venv/bin/python" \
    && "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    :
else
    python=$(find_python)
    echo "Making $venv with Python $(version_of "$python") ($python)."
    "$python" -m venv --clear "$venv"
fi

log=$venv/install-$extra.log
echo "Installing autograd_core[$extra] into $venv (minutes, the first time; log: $log)."
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
    --editable ".[$extra]" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    echo "pip could not install autograd_core[$extra]; the lines above are the end of $log" >&2
    exit 1
fi

# pip leaves data files out of an editable install, so JupyterLab finds the panel by a link.
panel=$venv/share/jupyter/labextensions/autograd-core
rm -rf "$panel"
mkdir -p "$(dirname "$panel")"
ln -s "$PWD/jupyter_ext/labextension" "$panel"
