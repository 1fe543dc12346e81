#!/bin/bash
# python-environment.sh PYTHON DIRECTORY REQUIREMENTS: the tests' own Python packages, pinned, apart from the machine's.
set -euo pipefail
python=$1
directory=$2
requirements=$3
echo "==> Python packages of the end-to-end tests"
rm -rf "$directory"
"$python" -m venv "$directory"
"$directory/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
