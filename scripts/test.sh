#!/usr/bin/env bash
# Builds and runs all tests. Arguments go to `swift test`, for instance: scripts/test.sh --filter SatchelCoreTests
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source=scripts/lib/build.sh
source "$SATCHEL_ROOT/scripts/lib/build.sh"

step 'build'
build_everything

step 'test'
# The end-to-end tests start the programs that were just built.
SATCHEL_BIN=$(swift build --show-bin-path "${SWIFT_FLAGS[@]}")
export SATCHEL_BIN
swift test --skip-build "${SWIFT_FLAGS[@]}" "$@"
