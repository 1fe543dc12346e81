#!/bin/bash
# step.sh SENTENCE COMMAND...: says what begins, runs it, says how long it took.
set -euo pipefail
sentence=$1
shift
begin=$SECONDS
echo "==> $sentence"
if "$@"; then
    echo "<== $sentence: $((SECONDS - begin)) s"
else
    code=$?
    echo "<== $sentence: failed with exit code $code after $((SECONDS - begin)) s" >&2
    exit "$code"
fi
