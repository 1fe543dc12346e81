#!/bin/bash
# python-environment.sh PYTHON DIRECTORY REQUIREMENTS: Python packages of the tests or benchmarks, pinned, apart from
# the machine's.
set -euo pipefail
python=$1
directory=$2
requirements=$3
echo "==> Python packages of ${requirements%/*}"
rm -rf "$directory"
"$python" -m venv "$directory"
"$directory/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
