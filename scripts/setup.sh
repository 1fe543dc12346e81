#!/bin/bash
# setup.sh PURPOSE...: installs from apt what is missing for building, for the demo or for the tests.
# Says nothing and needs no root when nothing is missing.
set -euo pipefail

# package[=command]: a command that is already there, from wherever, does as well as the package.
build_packages='libc6-dev libstdc++-12-dev linux-libc-dev libbpf-dev libelf-dev zlib1g-dev binutils libcap2-bin=setcap'
demo_packages='nginx=nginx curl=curl python3=/usr/bin/python3 util-linux=setpriv'
test_packages="$demo_packages python3-venv libpython3.11 nodejs=node openjdk-17-jdk-headless=javac haproxy=haproxy
    ruby=ruby ruby-webrick php-cli=php wrk=wrk apache2-utils=ab
    bpftool=bpftool iproute2=ip nftables=nft openssl=openssl procps=ps"
vm_packages='qemu-system-x86=qemu-system-x86_64 qemu-system-common busybox-static cpio=cpio kmod=modprobe xz-utils=xz'

missing=()
for purpose in "$@"; do
    case $purpose in
        build) packages=$build_packages ;;
        demo) packages=$demo_packages ;;
        test) packages=$test_packages ;;
        vm) packages=$vm_packages ;;
        *) echo "setup.sh: unknown purpose $purpose" >&2; exit 64 ;;
    esac
    for entry in $packages; do
        package=${entry%%=*}
        program=${entry#"$package"}
        program=${program#=}
        # Daemons and bpftool live in sbin, which an ordinary user's PATH leaves out.
        if [ -n "$program" ] && PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then continue; fi
        status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing+=("$package")
    done
done

if ! command -v "${SWIFT:-swift}" >/dev/null; then
    echo 'setup: no swift in PATH; hilo needs a Swift 6 toolchain (https://www.swift.org/install/linux/)' >&2
    exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing packages; run as root: apt-get install ${missing[*]}" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# Single-user run level: a server that is installed for its binary is not started as a service of the machine.
export RUNLEVEL=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { apt-get install --yes --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
update() { apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }; }

echo "==> Installing ${missing[*]}"
for package in "${missing[@]}"; do
    if ! apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
        update
        break
    fi
done
if ! install; then
    # Package lists that are older than the archive name files that are gone.
    update
    install || { cat "$log" >&2; exit 1; }
fi
