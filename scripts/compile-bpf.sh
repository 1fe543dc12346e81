#!/bin/bash
# compile-bpf.sh SOURCE OBJECT: compiles one kernel program with the clang of the Swift toolchain, which has the BPF
# target. BTF stays in the object (the loader needs it); DWARF goes.
set -euo pipefail
source=$1
object=$2

toolchain=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")
clang=$toolchain/clang
[ -x "$clang" ] || clang=$(command -v clang || true)
[ -n "$clang" ] || { echo "compile-bpf: no clang beside $toolchain/swift nor in PATH" >&2; exit 1; }

case $(uname -m) in
    x86_64) arch=x86 multiarch=x86_64-linux-gnu ;;
    aarch64) arch=arm64 multiarch=aarch64-linux-gnu ;;
    *) echo "compile-bpf: no capture programs for $(uname -m)" >&2; exit 1 ;;
esac

mkdir -p "$(dirname "$object")"
echo "  BPF  $source"
"$clang" -O2 -g -target bpf "-D__TARGET_ARCH_$arch" -Wall -Werror -I bpf -I "/usr/include/$multiarch" \
    -MMD -MP -MF "${object%.o}.d" -MT "$object" -c "$source" -o "$object.new"
if [ -x "$toolchain/llvm-objcopy" ]; then
    "$toolchain/llvm-objcopy" --strip-debug "$object.new"
elif command -v llvm-strip >/dev/null; then
    llvm-strip -g "$object.new"
fi
mv "$object.new" "$object"
