import Foundation
import SatchelProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where results and complaints go. With `--json`, standard output carries one JSON value and nothing else.
struct Output: Sendable {
    let isJSON: Bool
    private let isTerminal: Bool
    private let hasColour: Bool
    let showsProgress: Bool

    init(isJSON: Bool) {
        self.isJSON = isJSON
        isTerminal = isatty(STDOUT_FILENO) == 1
        let isPlain = ProcessInfo.processInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        hasColour = isTerminal && !isPlain && !isJSON
        showsProgress = !isJSON && isatty(STDERR_FILENO) == 1
    }

    /// The result: one JSON value, or what a person reads.
    func result(_ json: @autoclosure () -> JSON, _ text: @autoclosure () -> String) {
        Self.write((isJSON ? json().text : text()) + "\n", to: STDOUT_FILENO)
    }

    /// A table, or a sentence where there is nothing to show.
    func table(_ json: @autoclosure () -> JSON, _ table: @autoclosure () -> TextTable, ifEmpty sentence: String, isEmpty: Bool)
    {
        result(json(), isEmpty ? sentence : table().text(widest: isTerminal ? 48 : nil, heading: bold))
    }

    /// Something beside the result, for a person.
    func note(_ text: String) {
        if !isJSON { Self.write(text + "\n", to: STDERR_FILENO) }
    }

    func progress(_ text: String) {
        if showsProgress { Self.write("\r\u{1B}[K\(text)", to: STDERR_FILENO) }
    }

    func endProgress() {
        if showsProgress { Self.write("\r\u{1B}[K", to: STDERR_FILENO) }
    }

    func failure(_ error: SatchelError) {
        if isJSON {
            let body = JSON.members([
                "code": .string(error.code.rawValue), "message": .string(error.message), "remedy": .string(error.remedy),
            ])
            Self.write(JSON.members(["error": body]).text + "\n", to: STDOUT_FILENO)
        } else {
            Self.write("satchel: \(TextTable.printable(error.message)) \(error.remedy) [\(error.code)]\n", to: STDERR_FILENO)
        }
    }

    func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    /// Unbuffered, so that a line of a live sync is out when it happens and nothing is lost at an exit.
    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let put = bytes[offset...].withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { return }
            offset += put
        }
    }
}
