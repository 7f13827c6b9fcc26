#!/usr/bin/env bash
# Builds and runs all tests. Arguments go to `swift test`, for instance: scripts/test.sh --filter SatchelCoreTests
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source=scripts/lib/build.sh
source "$SATCHEL_ROOT/scripts/lib/build.sh"

step 'build'
build_everything

# The end-to-end tests start the programs that were just built.
SATCHEL_BIN=$(swift build --show-bin-path "${SWIFT_FLAGS[@]}")
export SATCHEL_BIN

run_tests() { swift test --skip-build "${SWIFT_FLAGS[@]}" "$@"; }

if [ "$#" -gt 0 ]; then
    step 'test'
    run_tests "$@"
    exit
fi

# Apart from each other: what computes would starve what waits for sockets, and what waits for other processes both. On a
# machine with two cores all tests of one run share two threads.
step 'test: pure rooms and stores'
run_tests --skip '^EndToEnd\.' --skip '^SatchelServerTests\.' --skip '^SatchelReplicaTests\.'
step 'test: edges'
run_tests --no-parallel --filter '^SatchelServerTests\.' --filter '^SatchelReplicaTests\.'
step 'test: end to end'
run_tests --no-parallel --filter '^EndToEnd\.'
