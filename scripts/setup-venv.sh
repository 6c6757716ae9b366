#!/bin/sh
# Makes .venv hold exactly the packages of requirements.lock (hashes checked), and stimme itself in editable form.
set -eu
cd "$(dirname "$0")/.."
# Debian's interpreter is built with profile-guided optimisation, which one that was built by hand often lacks.
python=/usr/bin/python3.11
[ -x "$python" ] && "$python" -c "import ensurepip, venv" 2>/dev/null || python=python3
base() { "$1" -c "import os, sys; print(os.path.realpath(sys.base_prefix), sys.version)" 2>/dev/null; }
if [ "$(base .venv/bin/python || true)" != "$(base "$python")" ]; then
    rm -rf .venv
    "$python" -m venv .venv
fi
echo "installing Python packages"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
