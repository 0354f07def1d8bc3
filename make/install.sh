#!/usr/bin/env bash
# Builds the virtual environment named by $1 from requirements.lock; every package is checked against its hash.
set -euo pipefail

venv=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null; then
  echo "error: $python was not found. Install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.12 ..." >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "error: $("$python" --version) is too old: 3.11 or later is needed. Name another one: make PYTHON=python3.12 ..." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "error: $python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2
  exit 1
fi

rm -f "$venv/.installed"
# An environment of another Python, or one whose own pip does not answer, is made anew.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
  [ "$("$venv/bin/python" -c 'import sys; print(sys.version_info[:2])')" != "$("$python" -c 'import sys; print(sys.version_info[:2])')" ]; then
  rm -rf "$venv"
  "$python" -m venv "$venv"
fi

packages=$(grep -c '==' requirements.lock)
echo "Installing $packages locked packages into $venv (two minutes or so the first time) ..."
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
if ! "$venv/bin/python" -m pip install --quiet --require-hashes --requirement requirements.lock; then
  echo "error: the packages could not be installed; pip's reason stands above." >&2
  echo "       Check the network or pip's index settings (pip config list), then run the same command again." >&2
  exit 1
fi
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
touch "$venv/.installed"
echo "Ready: $("$venv/bin/python" --version) in $venv"
