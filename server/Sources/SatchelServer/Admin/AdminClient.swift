import Foundation
import SatchelProtocol

/// Asks a running server at its socket. One request at a time.
public final class AdminClient: Sendable {
    private let descriptor: Int32
    /// Blocking calls are made here, never on a task's thread.
    private let queue = DispatchQueue(label: "satchel.admin-client")

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Returns: nil when no server runs on this folder.
    /// - Throws: `data-folder-invalid` when the socket may not be used, or its path is too long.
    public static func connect(_ folder: DataFolder) throws -> AdminClient? {
        guard let socket = try LocalSocket.connect(folder.socketPath) else { return nil }
        return AdminClient(descriptor: socket.release())
    }

    /// - Throws: what the server answers instead of doing it; `stream-truncated` when it ends before it answers.
    public func ask(_ request: AdminRequest) async throws -> AdminReply {
        let frame = try AdminCoding.encode(request)
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                let result = Result { try self.exchange(frame) }
                continuation.resume(with: result)
            }
        }
    }

    private func exchange(_ frame: [UInt8]) throws -> AdminReply {
        let socket = LocalSocket(descriptor: descriptor)
        let result = Result { () throws -> AdminReply in
            try socket.writeFrame(frame)
            guard let reply = try socket.readFrame() else { throw LocalSocket.ended }
            return try AdminCoding.decode(AdminReply.self, reply)
        }
        _ = socket.release()
        let reply = try result.get()
        if case .failed(let failure) = reply { throw failure.error }
        return reply
    }
}
