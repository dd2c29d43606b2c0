#!/usr/bin/env bash
# Python with the packages of tests/python-requirements.txt, for what compares us with others. Makes the environment when
# it is missing or of other packages, then runs what is named:
#   infra/python.sh tests/reference/coco-figures.py
set -euo pipefail
requirements=$(cd "$(dirname "$0")/.." && pwd)/tests/python-requirements.txt
readonly requirements venv=$HOME/.cache/taglens-python

# Noted last, so that an environment that was cut off is not taken for a whole one.
if ! cmp --silent "$requirements" "$venv/installed.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
  cp "$requirements" "$venv/installed.txt"
fi
[ $# = 0 ] || exec "$venv/bin/python" "$@"
