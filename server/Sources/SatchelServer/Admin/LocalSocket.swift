import Foundation
import SatchelProtocol

/// A stream over a Unix socket, in blocking calls: for threads of their own, never for a task.
struct LocalSocket: ~Copyable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Returns: nil when nobody listens there: no socket, or one that its server left behind.
    static func connect(_ path: String) throws -> LocalSocket? {
        let socket = try make()
        let connected = try withAddress(path) { address, length in sysConnect(socket.descriptor, address, length) }
        if connected == 0 { return socket }
        switch errno {
        case ENOENT, ECONNREFUSED, ENOTSOCK: return nil
        default: throw failure("The server's socket \(path) cannot be reached", "Run satcheld as the user whose folder it is.")
        }
    }

    /// Listens at a path, in place of whatever is there: the caller holds the folder's lock, so that it is nobody's.
    static func listen(_ path: String) throws -> LocalSocket {
        let socket = try make()
        unlink(path)
        let mask = umask(0o177)
        let bound = try withAddress(path) { address, length in bind(socket.descriptor, address, length) }
        umask(mask)
        guard bound == 0, sysListen(socket.descriptor, 8) == 0 else {
            throw failure("The server's socket \(path) cannot be made", "Check the data folder and its file system.")
        }
        return socket
    }

    /// The next connection; nil when `stop` has something to read.
    func accept(unless stop: Int32) throws -> LocalSocket? {
        while true {
            var descriptors = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&descriptors, 2, -1) > 0 else {
                if errno == EINTR { continue }
                throw Self.failure("The server's socket cannot be read", "Restart the server.")
            }
            if descriptors[1].revents != 0 { return nil }
            let connection = sysAccept(descriptor)
            if connection >= 0 { return LocalSocket(descriptor: connection) }
            // A connection that is gone again, or a moment without descriptors: neither ends the listening.
            switch errno {
            case EINTR, EAGAIN, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: usleep(50_000)
            default: throw Self.failure("The server's socket takes no connections", "Restart the server.")
            }
        }
    }

    /// Waits for the next frame to begin, for as long as it takes.
    /// - Returns: false when `stop` has something to read.
    func waitForFrame(unless stop: Int32) -> Bool {
        while true {
            var descriptors = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&descriptors, 2, -1) > 0 { return descriptors[1].revents == 0 }
            if errno != EINTR { return false }
        }
    }

    /// Gives the descriptor away, unclosed.
    consuming func release() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }

    /// How long one read or write may wait.
    func limit(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    // MARK: Frames: four bytes of length, most significant first, then the body

    /// - Returns: nil when the other side has closed, between frames.
    func readFrame() throws -> [UInt8]? {
        guard let header = try read(4, mayEnd: true) else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        guard length <= AdminLimits.frameBytes else {
            throw SatchelError(
                .tooLarge, "A message at the admin's socket is longer than \(AdminLimits.frameBytes) bytes.",
                remedy: "Use the satcheld of the server's own version.")
        }
        return try read(length, mayEnd: false)
    }

    func writeFrame(_ body: [UInt8]) throws {
        guard body.count <= AdminLimits.frameBytes else {
            throw SatchelError(
                .tooLarge, "The message would be longer than \(AdminLimits.frameBytes) bytes.", remedy: "Ask for less at once.")
        }
        let length = UInt32(body.count)
        try write([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        try write(body)
    }

    private func read(_ count: Int, mayEnd: Bool) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        // Grows with what comes, not with what a header promised.
        var piece = [UInt8](repeating: 0, count: min(count, 64 * 1024))
        while bytes.count < count {
            let got = recv(descriptor, &piece, min(piece.count, count - bytes.count), 0)
            if got > 0 {
                bytes += piece[..<got]
            } else if got == 0 {
                if mayEnd, bytes.isEmpty { return nil }
                throw Self.ended
            } else if errno != EINTR {
                throw Self.ended
            }
        }
        return bytes
    }

    private func write(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let sent = bytes.withUnsafeBytes { buffer -> Int in
                // Without the flag a reader that is gone would end this process by a signal.
                send(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start, noSignal)
            }
            if sent > 0 { start += sent } else if errno != EINTR { throw Self.ended }
        }
    }

    // MARK: The system's calls

    private static func make() throws -> LocalSocket {
        let descriptor = socket(AF_UNIX, streamType, 0)
        guard descriptor >= 0 else { throw failure("A socket cannot be made", "Check the limit of open files.") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return LocalSocket(descriptor: descriptor)
    }

    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws -> Result {
        try checkLength(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    /// That a socket can have this path: `sockaddr_un` holds 108 bytes on Linux, 104 elsewhere, a closing zero included.
    /// - Throws: `data-folder-invalid`.
    static func checkLength(_ path: String) throws {
        let most = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count > most else { return }
        throw SatchelError(
            .dataFolderInvalid, "The path \(path) is \(path.utf8.count) bytes long; a socket's may have \(most).",
            remedy: "Use a data folder with a shorter path.")
    }

    private static func failure(_ message: String, _ remedy: String) -> SatchelError {
        SatchelError(.dataFolderInvalid, "\(message): \(String(cString: strerror(errno))).", remedy: remedy)
    }

    static var ended: SatchelError {
        SatchelError(
            .streamTruncated, "The server ended the connection in the middle of a command.",
            remedy: "See the server's log, then ask for the status before you repeat the command.")
    }
}

#if canImport(Glibc)
    private let streamType = Int32(SOCK_STREAM.rawValue)
    private let noSignal = Int32(MSG_NOSIGNAL)
#else
    private let streamType = SOCK_STREAM
    private let noSignal: Int32 = 0
#endif

// The names of these calls are also those of methods here.
private func sysConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    connect(descriptor, address, length)
}
private func sysListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
private func sysAccept(_ descriptor: Int32) -> Int32 {
    let connection = accept(descriptor, nil, nil)
    if connection >= 0 { _ = fcntl(connection, F_SETFD, FD_CLOEXEC) }
    return connection
}
