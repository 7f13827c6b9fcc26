# Sourced by demo.sh, test.sh and check.sh: goes to the root of the tree, finds Swift, and sees to it that what the build
# and the tests need is there. As root on Debian or Ubuntu it installs what is missing; otherwise it says what to install
# and ends with 1. Never asks for input.
#
# Gives: SATCHEL_ROOT, SWIFT_FLAGS (the same for every build, so that nothing is built twice), step.
# shellcheck shell=bash

SATCHEL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$SATCHEL_ROOT" || exit 1

# An import that the manifest does not declare builds silently once everything is warm, unless this refuses it.
# shellcheck disable=SC2034
SWIFT_FLAGS=(--explicit-target-dependency-import-check error)

# shellcheck source=scripts/lib/steps.sh
source "$SATCHEL_ROOT/scripts/lib/steps.sh"

swift_major=6
swift_minor=2

# Where swiftly and the archives of swift.org put it, for shells whose PATH was not told.
find_swift() {
    local directory
    command -v swift >/dev/null && return
    for directory in "${HOME:-}/.local/share/swiftly/bin" /opt/swift/usr/bin /usr/local/swift/usr/bin /usr/share/swift/usr/bin; do
        if [ -x "$directory/swift" ]; then
            PATH="$directory:$PATH"
            export PATH
            return
        fi
    done
}

require_swift() {
    local found='' major=0 minor=0
    find_swift
    if command -v swift >/dev/null; then
        found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
        major=${found%%.*}
        minor=${found#*.}
    fi
    if [ "${major:-0}" -gt "$swift_major" ] || { [ "${major:-0}" -eq "$swift_major" ] && [ "${minor:-0}" -ge "$swift_minor" ]; }; then
        return
    fi
    cat >&2 <<TEXT
Satchel needs Swift $swift_major.$swift_minor or newer; this machine has ${found:-none}. https://www.swift.org/install has it for every
system. On Linux, for instance:
    curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz
    tar zxf swiftly-$(uname -m).tar.gz && ./swiftly init
    . ~/.local/share/swiftly/env.sh
TEXT
    exit 1
}

missing_packages=()

# require_program PROGRAM PACKAGE
require_program() {
    command -v "$1" >/dev/null || missing_packages+=("$2")
}

# require_header HEADER PACKAGE: on macOS the SDK has them.
require_header() {
    local directory
    [ "$(uname)" = Darwin ] && return
    for directory in /usr/include /usr/local/include "/usr/include/$(uname -m)-linux-gnu"; do
        [ -e "$directory/$1" ] && return
    done
    missing_packages+=("$2")
}

install_missing() {
    [ "${#missing_packages[@]}" -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        cat >&2 <<TEXT
Missing here: ${missing_packages[*]} (names of Debian packages). Install them first, on Debian or Ubuntu with
    sudo apt-get install ${missing_packages[*]}
TEXT
        exit 1
    fi
    step "install ${missing_packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Without fresh lists the packages may still be had; the installation says so if not.
    apt-get update -qq </dev/null || true
    apt-get install -y -qq --no-install-recommends "${missing_packages[@]}" </dev/null
    end_step
}

require_swift
require_program git git                      # Swift's package manager fetches with it
require_header sqlite3.h libsqlite3-dev      # GRDB
require_header zlib.h zlib1g-dev             # compressed bodies (swift-nio-extras)
require_program python3 python3              # the demo reads JSON and searches files with it
require_program sqlite3 sqlite3              # tests: another program on the replica's file
install_missing
