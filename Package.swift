// swift-tools-version: 6.2
import PackageDescription

// Arrows go one way: Policy, Protocol → Core; Engine → Policy, Protocol; Wire → Protocol; Store → Engine; Replica → Store,
// Wire; Server → Engine, Wire. `scripts/check.sh` refuses an import that is not declared here.

let core: Target.Dependency = "SatchelCore"
let policy: Target.Dependency = "SatchelPolicy"
let messages: Target.Dependency = "SatchelProtocol"
let engine: Target.Dependency = "SatchelEngine"
let wire: Target.Dependency = "SatchelWire"
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "satchel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SatchelReplica", targets: ["SatchelReplica"]),
        .executable(name: "satchel", targets: ["satchel"]),
        .executable(name: "satcheld", targets: ["satcheld"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The pure rooms.
        .target(name: "SatchelCore"),
        .target(name: "SatchelPolicy", dependencies: [core]),
        .target(name: "SatchelProtocol", dependencies: [core], path: "protocol/Sources/SatchelProtocol"),
        .target(name: "SatchelEngine", dependencies: [core, policy, messages, crypto]),

        // The edges.
        .target(
            name: "SatchelWire",
            dependencies: [core, messages, .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            path: "protocol/Sources/SatchelWire"),
        .target(name: "SatchelStore", dependencies: [core, policy, messages, engine, grdb, sqlite]),
        .target(
            name: "SatchelReplica",
            dependencies: [
                core, policy, messages, engine, wire, "SatchelStore", grdb, crypto, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "SatchelFiles",
            dependencies: [core, policy, messages, .product(name: "Yams", package: "Yams")],
            path: "server/Sources/SatchelFiles"),
        .target(
            name: "SatchelServer",
            dependencies: [
                core, policy, messages, engine, wire, "SatchelFiles", grdb, sqlite, crypto, logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            path: "server/Sources/SatchelServer"),

        // The programs.
        .executableTarget(
            name: "satcheld", dependencies: ["SatchelServer", messages, logging, argumentParser],
            path: "server/Sources/satcheld"),
        .executableTarget(
            name: "satchel", dependencies: ["SatchelReplica", core, policy, messages, argumentParser],
            path: "client-cli/Sources/satchel"),
        .target(name: "CRMFixtures", path: "fixtures/Sources/CRMFixtures"),
        .executableTarget(
            name: "satchel-fixtures", dependencies: ["CRMFixtures", argumentParser], path: "fixtures/Sources/satchel-fixtures"),

        // The seeded world.
        .target(name: "SatchelSimulator", dependencies: [core, policy, messages, engine]),

        // Tests mirror the targets.
        .testTarget(name: "SatchelCoreTests", dependencies: [core]),
        .testTarget(name: "SatchelPolicyTests", dependencies: [core, policy]),
        .testTarget(name: "SatchelProtocolTests", dependencies: [core, messages, crypto]),
        .testTarget(name: "SatchelWireTests", dependencies: [core, messages, wire]),
        .testTarget(name: "SatchelEngineTests", dependencies: [core, policy, messages, engine]),
        .testTarget(name: "SatchelFilesTests", dependencies: [core, policy, messages, "SatchelFiles", "CRMFixtures"]),
        .testTarget(name: "SatchelSimulatorTests", dependencies: ["SatchelSimulator"]),
        .testTarget(
            name: "StoreConformance", dependencies: [core, policy, messages, engine, "SatchelServer", "SatchelStore"]),
        .testTarget(name: "SatchelStoreTests", dependencies: [core, policy, messages, engine, "SatchelStore", grdb]),
        .testTarget(
            name: "SatchelReplicaTests",
            dependencies: [
                "SatchelReplica", "SatchelStore", "satchel", core, policy, messages, engine, wire, grdb, crypto, argumentParser,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]),
        .testTarget(
            name: "SatchelServerTests",
            dependencies: [
                core, policy, messages, engine, wire, "SatchelServer", "SatchelFiles", "CRMFixtures", grdb, crypto, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        // Real processes: the programs are dependencies so that they are built.
        .testTarget(name: "EndToEnd", dependencies: ["SatchelReplica", "satchel", "satcheld", "satchel-fixtures"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    var settings = target.swiftSettings ?? []
    settings += [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
    ]
    target.swiftSettings = settings
}
