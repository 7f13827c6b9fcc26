# The arrows between the rooms (docs/ARCHITECTURE.md): who may import whom. The compiler refuses an import that Package.swift
# does not declare; this refuses declaring one that the design forbids.
# shellcheck shell=bash

import_pattern='^[[:space:]]*(@[A-Za-z_]+(\([^)]*\))?[[:space:]]+)*((public|package|internal|fileprivate|private)[[:space:]]+)?import[[:space:]]'

# imports FOLDER: lines of FILE:MODULE.
imports() {
    swift_files "$1" | xargs -0 -r grep -HE "$import_pattern" \
        | sed -E 's/^([^:]+):.*import[[:space:]]+((struct|class|enum|protocol|typealias|func|let|var)[[:space:]]+)?([A-Za-z0-9_]+).*/\1:\4/'
}

# may_import FOLDER MODULE…: prints what else it imports.
may_import() {
    local folder=$1 file module
    shift
    imports "$folder" | while IFS=: read -r file module; do
        case " $* " in
            *" $module "*) ;;
            *) printf '%s imports %s\n' "$file" "$module" ;;
        esac
    done
}

# may_not_import FOLDER MODULE…: prints what it does import of these.
may_not_import() {
    local folder=$1 file module
    shift
    imports "$folder" | while IFS=: read -r file module; do
        case " $* " in
            *" $module "*) printf '%s imports %s\n' "$file" "$module" ;;
        esac
    done
}

wrong_arrows() {
    # The pure rooms: no input or output, no clock, not even Foundation. `Synchronization` has the lock of the memory stores.
    may_import Sources/SatchelCore
    may_import Sources/SatchelPolicy SatchelCore
    may_import protocol/Sources/SatchelProtocol SatchelCore
    may_import Sources/SatchelEngine SatchelCore SatchelPolicy SatchelProtocol Crypto Synchronization
    # Protobuf is known in one room only, and that room knows nothing beyond the messages.
    may_import protocol/Sources/SatchelWire SatchelCore SatchelProtocol SwiftProtobuf Foundation FoundationEssentials
    local room
    for room in Sources server/Sources client-cli/Sources fixtures/Sources; do may_not_import "$room" SwiftProtobuf; done
    # Replica and server meet only in tests.
    may_not_import Sources/SatchelStore SatchelReplica SatchelServer SatchelFiles SatchelWire
    may_not_import Sources/SatchelReplica SatchelServer SatchelFiles Hummingbird
    may_not_import client-cli/Sources SatchelStore SatchelServer SatchelFiles
    may_not_import server/Sources SatchelStore SatchelReplica
    may_not_import Sources/SatchelSimulator SatchelStore SatchelReplica SatchelServer
}
