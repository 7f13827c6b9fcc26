import Foundation

/// A TCP proxy that counts TLS records (RFC 8446 §5.1) in both directions and can act at a given one: cut the connection,
/// or call back. Each frame that is flushed on its own is a record of its own, so that acting at every record in turn acts
/// at every frame boundary, and the product needs no fault hooks.
final class CuttingProxy: @unchecked Sendable {  // all mutable state is under `lock`
    private let lock = NSLock()
    private let listener: Int32
    private let target: UInt16
    let port: UInt16
    private var records = 0
    private var trigger: (at: Int, action: @Sendable () -> Void)?
    private var cutAt: Int?
    private var open: Set<Int32> = []
    private var isClosed = false

    init(to target: Int) throws {
        self.target = UInt16(target)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound, listen(listener, 64) == 0 else { throw TestFault("the proxy could not listen") }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.accept() }
    }

    var url: String { "https://127.0.0.1:\(port)" }

    /// Counts anew, and cuts every connection after so many records; nil lets all through.
    func cut(after count: Int?) {
        lock.withLock {
            records = 0
            cutAt = count
            trigger = nil
        }
    }

    /// Counts anew, and calls once so many records have passed.
    func trigger(after count: Int, _ action: @escaping @Sendable () -> Void) {
        lock.withLock {
            records = 0
            cutAt = nil
            trigger = (count, action)
        }
    }

    var passed: Int { lock.withLock { records } }

    func close() {
        lock.withLock {
            isClosed = true
            for connection in open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        Foundation.close(listener)
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func accept() {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(target)
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0, lock.withLock({ !isClosed }) else {
                Foundation.close(client)
                Foundation.close(server)
                continue
            }
            lock.withLock { open.formUnion([client, server]) }
            let pair = Pair(client: client, server: server)
            Thread.detachNewThread { self.forward(client, server, pair) }
            Thread.detachNewThread { self.forward(server, client, pair) }
        }
    }

    /// Both ends are closed when both directions have ended.
    private final class Pair: @unchecked Sendable {  // counted under the proxy's lock
        let client: Int32
        let server: Int32
        var ended = 0

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }
    }

    private func forward(_ from: Int32, _ to: Int32, _ pair: Pair) {
        while let record = readRecord(from) {
            let (isCut, action) = pass()
            if isCut { break }
            action?()
            guard write(record, to) else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
        lock.withLock {
            pair.ended += 1
            if pair.ended == 2 {
                open.subtract([pair.client, pair.server])
                Foundation.close(pair.client)
                Foundation.close(pair.server)
            }
        }
    }

    private func pass() -> (isCut: Bool, action: (@Sendable () -> Void)?) {
        lock.withLock {
            if let cutAt, records >= cutAt { return (true, nil) }
            records += 1
            guard let due = trigger, records >= due.at else { return (false, nil) }
            trigger = nil
            return (false, due.action)
        }
    }

    private func readRecord(_ from: Int32) -> [UInt8]? {
        guard let head = read(5, from) else { return nil }
        guard let body = read(Int(head[3]) << 8 | Int(head[4]), from) else { return nil }
        return head + body
    }

    private func read(_ count: Int, _ from: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { recv(from, $0.baseAddress?.advanced(by: have), count - have, 0) }
            guard got > 0 else { return nil }
            have += got
        }
        return bytes
    }

    private func write(_ bytes: [UInt8], _ to: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let got = bytes.withUnsafeBytes {
                send(to, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard got > 0 else { return false }
            sent += got
        }
        return true
    }
}
