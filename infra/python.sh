#!/usr/bin/env bash
# Python for what compares us with others, and for what others have made in Python. The packages are those of the
# requirements.txt beside the script, or else of tests/python-requirements.txt; the environment is made when it is missing or
# of other packages:
#   infra/python.sh tests/reference/coco-figures.py
#   infra/python.sh --make tests/sdk/python       makes it only
#   infra/python.sh --is-ready tests/sdk/python   says whether it stands
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

task=run
case ${1:-} in --*) task=${1#--} && shift ;; esac
place=$(realpath "${1:-$root/tests}")
[ -d "$place" ] || place=$(dirname "$place")
requirements=$place/requirements.txt
venv=$HOME/.cache/taglens-python$(echo "${place#"$root"}" | tr / -)
if [ ! -f "$requirements" ]; then
  requirements=$root/tests/python-requirements.txt
  venv=$HOME/.cache/taglens-python
fi

# Noted last, so that an environment that was cut off is not taken for a whole one.
if ! cmp --silent "$requirements" "$venv/installed.txt"; then
  [ "$task" != is-ready ] || exit 1
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
  cp "$requirements" "$venv/installed.txt"
fi
[ "$task" != run ] || exec "$venv/bin/python" "$@"
