#!/usr/bin/env bash
# Format, rules of the house, and the build with warnings as errors and no undeclared import. The build is the one that
# test.sh uses, so that the tests afterwards build nothing again.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source=scripts/lib/build.sh
source "$SATCHEL_ROOT/scripts/lib/build.sh"
# shellcheck source=scripts/lib/sources.sh
source "$SATCHEL_ROOT/scripts/lib/sources.sh"
# shellcheck source=scripts/lib/arrows.sh
source "$SATCHEL_ROOT/scripts/lib/arrows.sh"

step 'format and lint'
count=$(swift_files | tr -cd '\0' | wc -c)
# An empty list would pass every check below.
if [ "$count" -eq 0 ]; then
    echo 'No Swift file found: is this a git work tree?' >&2
    exit 1
fi
printf '%d files\n' "$count"
swift_files | xargs -0 -r swift format lint --strict --parallel
for script in scripts/*.sh scripts/lib/*.sh .ci/run; do bash -n "$script"; done

step 'arrows'
refuse 'Imports against the arrows of docs/ARCHITECTURE.md' "$(wrong_arrows)"

step 'reasons'
# A `!` behind a name or a bracket unwraps by force; `try!` and `as!` are among them.
can_stop='[]A-Za-z0-9_)]!([^=]|$)|fatalError\(|preconditionFailure\(|@unchecked Sendable|nonisolated\(unsafe\)'
refuse 'These can stop the process or hide a race; say on the line why they do not (// …)' \
    "$(search "$can_stop" | grep -vE '//[[:space:]]*[^[:space:]]' || true)"

step 'nothing left for later'
refuse 'Promises instead of code' "$(product_files | xargs -0 -r grep -HnE '\b(TODO|FIXME)\b' || true)"
refuse 'Files that hold a place' "$(swift_files | tr '\0' '\n' | grep -E '(^|/)Placeholder\.swift$' || true)"

step 'build'
build_everything
