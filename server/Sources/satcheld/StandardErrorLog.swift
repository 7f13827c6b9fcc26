import ArgumentParser
import Foundation
import Logging

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// The server's log on standard error, one line an event: for people, or as JSON for whatever gathers logs.
struct StandardErrorLog: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogFormat

    init(label: String, level: Logger.Level, format: LogFormat) {
        self.label = label
        logLevel = level
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { all["error"] = "\(error)" }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let line =
            switch format {
            case .text: Self.text(time, event, all)
            case .json: Self.json(time, label, event, all)
            }
        // One write a line, so that lines of several threads do not run into each other.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }

    private static func text(_ time: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let details = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(oneLine("\($0.value)"))" }.joined()
        return "\(time) \(event.level) \(oneLine("\(event.message)"))\(details)"
    }

    private static func json(_ time: String, _ label: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var members: [(String, JSON)] = [
            ("time", .text(time)), ("level", .text(event.level.rawValue)), ("label", .text(label)),
            ("message", .text("\(event.message)")),
        ]
        if !metadata.isEmpty {
            members.append(("details", .object(metadata.sorted { $0.key < $1.key }.map { ($0.key, .text("\($0.value)")) })))
        }
        return (try? encoder.encode(JSON.object(members))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// What came from outside must not begin a line of its own.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
