#!/usr/bin/env bash
# Runs open_run.py in a virtual environment of its own, made on the first call. All arguments go to open_run.py.
#   CLIENTS_VENV   where the environment is kept; default: target/clients-venv below lib/bench
#   PYTHON         the Python 3.10 to 3.13 that makes it; default: python3
# Where packages come from is up to pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, ...). The torch for Linux of the
# default index brings CUDA along, several GB that are not used here: a CPU build will do.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CLIENTS_VENV:-$here/../target/clients-venv}
pins=(torch==2.7.1 transformers==4.57.1 tokenizers==0.22.2 peft==0.18.0 safetensors==0.8.0)

# The list of what was installed is written last: an environment that was interrupted is completed.
if [[ ! -f $venv/pins.txt || $(<"$venv/pins.txt") != "${pins[*]}" ]]; then
    "${PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/pip" install --quiet "${pins[@]}" >&2
    echo "${pins[*]}" > "$venv/pins.txt"
fi
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
exec "$venv/bin/python" "$here/open_run.py" "$@"
