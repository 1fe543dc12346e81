#!/bin/bash
# stage.sh STAGE BINARIES [GROUP]: makes the tree that runs from where it stands, as any user:
#   bin/hilo   libexec/hilo/hilo-*   lib/hilo/bpf/*.o   share/hilo/demo/*
# As root it also gives the tree to root and sets each helper's file capabilities, permitted only: such a program
# always starts and can say itself what it lacks. With GROUP only members of that group may execute helpers: whoever may
# execute one can trace every user of the host.
set -euo pipefail
stage=$1
binaries=$2
group=${3:-}

# HelperManifest.fileCapabilities; `make lint` compares the two.
declare -A capabilities=(
    [hilo-process-inspector]=cap_sys_ptrace,cap_dac_read_search,cap_setpcap=p
    [hilo-event-reader]=cap_bpf,cap_perfmon,cap_setpcap=p
    [hilo-tc-attacher]=cap_net_admin,cap_bpf,cap_perfmon,cap_setpcap=p
    [hilo-tls-attacher]=cap_bpf,cap_perfmon,cap_setpcap=p
)

umask 022
mkdir -p "$stage"/{bin,libexec/hilo,lib/hilo/bpf,share/hilo/demo}

# Replaced by rename: a program that is running cannot be written to.
put() { # SOURCE DESTINATION MODE
    install -m "$3" "$1" "$2.new"
    case $2 in */bin/* | */libexec/*) strip "$2.new" ;; esac
    mv -f "$2.new" "$2"
}
put "$binaries/hilo" "$stage/bin/hilo" 0755
for helper in "${!capabilities[@]}"; do put "$binaries/$helper" "$stage/libexec/hilo/$helper" 0755; done
rm -f "$stage"/lib/hilo/bpf/*.o "$stage"/share/hilo/demo/*
for object in build/bpf/*.bpf.o; do put "$object" "$stage/lib/hilo/bpf/$(basename "$object")" 0644; done
for file in demo/*.*; do put "$file" "$stage/share/hilo/demo/$(basename "$file")" 0644; done

for program in "$stage"/bin/hilo "$stage"/libexec/hilo/*; do
    if ldd "$program" | grep -q libswift; then
        echo "stage: $program needs the Swift run-time libraries; Package.swift must link it with -static-stdlib" >&2
        exit 1
    fi
done

find "$stage" -type d -exec chmod 0755 {} +
if [ "$(id -u)" -eq 0 ]; then
    chown -R root:root "$stage"
    if [ -n "$group" ]; then
        chgrp "$group" "$stage"/libexec/hilo/*
        chmod 0750 "$stage"/libexec/hilo/*
    fi
    # Last: a change of owner or content drops file capabilities.
    for helper in "${!capabilities[@]}"; do setcap "${capabilities[$helper]}" "$stage/libexec/hilo/$helper"; done
    echo "stage: $stage is complete"
    [ -n "$group" ] || echo "stage: every user may execute the helpers, and so trace; GROUP=NAME lets only a group"
else
    echo "stage: $stage is there, without file capabilities; run as root:"
    echo "  chown -R root:root $stage"
    for helper in "${!capabilities[@]}"; do
        echo "  setcap ${capabilities[$helper]} $stage/libexec/hilo/$helper"
    done
fi

directory=$(cd "$stage" && pwd)
while [ "$directory" != / ]; do
    directory=$(dirname "$directory")
    mode=0$(stat -c %a "$directory")
    if [ $((mode & 1)) -eq 0 ]; then
        echo "stage: warning: other users cannot reach the tree: run chmod o+x $directory" >&2
    fi
    if [ "$(stat -c %u "$directory")" -ne 0 ] || { [ $((mode & 022)) -ne 0 ] && [ $((mode & 01000)) -eq 0 ]; }; then
        echo "stage: warning: others than root may change $directory, and so exchange the tree" >&2
    fi
done
if findmnt --noheadings --output OPTIONS --target "$stage" | grep -qw nosuid; then
    echo "stage: warning: $stage is on a nosuid mount, where file capabilities have no effect" >&2
fi
