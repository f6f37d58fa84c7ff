#!/usr/bin/env bash
# SkyRL's Tinker server with its JAX back end on this machine's CPU, on loopback, over one model folder.
#
#   scripts/skyrl-server.sh MODEL_FOLDER [--port 8000] [--rank 32] [--dtype float32] [...]
#
# Prints one line {"url": ...} once the server answers; its log goes to stderr. Ctrl-C, or the end of whoever started
# it, ends the server; checkpoints and the request database lie in a temporary folder that goes with it, unless
# SKYRL_WORK names one. Python is TOUCHSTONE_TINKER_PYTHON, else the environment that `npm run test:tinker` makes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -lt 1 || $1 == -* ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
model=$1
shift
if [[ ! -f $model/config.json ]]; then
  echo "skyrl-server: MODEL_FOLDER must hold config.json, got $model; name a folder in the layout of Hugging Face" >&2
  exit 2
fi

python=${TOUCHSTONE_TINKER_PYTHON:-${TOUCHSTONE_CACHE:-$HOME/.cache/touchstone}/tinker-venv/bin/python}
if ! "$python" -c 'import skyrl.tinker, jax' 2>/dev/null; then
  echo "skyrl-server: $python must have skyrl[tinker,jax]; run npm run test:tinker once, or set TOUCHSTONE_TINKER_PYTHON" >&2
  exit 3
fi

work=${SKYRL_WORK:-$(mktemp -d)}
server=
finish() {
  trap - EXIT INT TERM HUP
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  if [[ -z ${SKYRL_WORK:-} ]]; then rm -rf "$work"; fi
}
trap finish EXIT INT TERM HUP

"$python" "$here/tinker/skyrl_server.py" --model "$model" --work "$work" "$@" &
server=$!
wait "$server"
