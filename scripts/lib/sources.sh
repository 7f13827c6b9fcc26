# Which files are ours to check.
# shellcheck shell=bash

# swift_files [FOLDER…]: NUL-separated, tracked or about to be, without generated code.
swift_files() {
    local file
    git ls-files -z --cached --others --exclude-standard -- "${@:-.}" | while IFS= read -r -d '' file; do
        case "$file" in
            */Generated/* | *.pb.swift) ;;
            *.swift) if [ -e "$file" ]; then printf '%s\0' "$file"; fi ;;
        esac
    done
}

# product_files: what ships, without tests.
product_files() {
    swift_files Sources protocol/Sources server/Sources client-cli/Sources fixtures/Sources
}

# search PATTERN: lines of the product's code that match an extended expression, as FILE:LINE:TEXT, without those that are
# nothing but a comment.
search() {
    product_files | xargs -0 -r grep -HnE -e "$1" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//' || true
}

# refuse TITLE LINES: fails, with the lines, unless there are none.
refuse() {
    [ -z "$2" ] && return
    printf '%s:\n%s\n' "$1" "$2" >&2
    return 1
}
