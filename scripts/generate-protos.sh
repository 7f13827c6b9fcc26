#!/bin/sh
# Makes protocol/Sources/SatchelWire/Generated from protocol/schema. The output is committed: building Satchel needs neither
# protoc nor this script.
#
#   scripts/generate-protos.sh           writes the files
#   scripts/generate-protos.sh --check   writes nothing; exits 1 when the committed files are not what would be written
#
# SCRATCH_PATH moves what is built and fetched, as `swift build --scratch-path` does (.build).
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
scratch=${SCRATCH_PATH:-$root/.build}
schema=$root/protocol/schema
generated=$root/protocol/Sources/SatchelWire/Generated

case "${1:-}" in
"" | --check) ;;
*)
    echo "usage: scripts/generate-protos.sh [--check]" >&2
    exit 2
    ;;
esac

if ! command -v protoc >/dev/null 2>&1; then
    echo "protoc is missing. Debian and Ubuntu: apt-get install protobuf-compiler. macOS: brew install protobuf." >&2
    exit 1
fi

# The plugin of the very version that the package links against.
swift package --package-path "$root" --scratch-path "$scratch" resolve >&2
swift build --package-path "$scratch/checkouts/swift-protobuf" --scratch-path "$scratch/protoc-gen-swift" \
    --product protoc-gen-swift >&2
plugin=$(swift build --package-path "$scratch/checkouts/swift-protobuf" --scratch-path "$scratch/protoc-gen-swift" \
    --show-bin-path)/protoc-gen-swift

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$schema"
protoc --plugin=protoc-gen-swift="$plugin" --swift_out="$out" --swift_opt=Visibility=Internal \
    --swift_opt=FileNaming=DropPath -I . satchel/v1/*.proto

if [ "${1:-}" = "--check" ]; then
    if ! diff -r "$out" "$generated" >&2; then
        echo "The generated files are out of date: run scripts/generate-protos.sh and commit what it writes." >&2
        exit 1
    fi
    echo "The generated files are up to date."
    exit 0
fi
rm -rf "$generated"
mkdir -p "$generated"
cp "$out"/*.swift "$generated"/
echo "Wrote $(ls "$generated" | wc -l | tr -d ' ') files to protocol/Sources/SatchelWire/Generated."
