# The one build that check.sh and test.sh share: all products and all tests, debug, with the same flags. Whichever runs
# second finds it done.
# shellcheck shell=bash

build_everything() {
    swift build --build-tests "${SWIFT_FLAGS[@]}"
}
