import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SatchelCore
import SatchelEngine
import SatchelProtocol
import SatchelWire
import Synchronization
import Testing

@testable import SatchelServer

struct PushRouteTests {
    static let versions: [HTTPClient.Configuration.HTTPVersion] = [.http1Only, .automatic]

    @Test(arguments: versions)
    func transactionsAreAcknowledgedWhenTheyAreDurableAndRepeatsGetTheSameVerdicts(
        _ version: HTTPClient.Configuration.HTTPVersion
    ) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: version)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            // The last is beyond what the role may do: elsewhere.
            let sealed = [try device.write("a"), try device.write("b"), try device.write("c", in: TestRules.south)]
            let body = try encoded([device.opening(after: before)] + sealed.map(PushFrame.transaction))
            let first = try await server.push(body, client, token)
            #expect(first.acknowledgedThrough == 3 && first.failure == nil)
            #expect(first.verdicts.map(\.counter) == [1, 2, 3])
            #expect(first.verdicts[2].exceptions.isEmpty == false)
            #expect(try server.store.entries(after: .zero, limit: 10).count == 3)

            let again = try await server.push(body, client, token)
            #expect(again.acknowledgedThrough == 3 && again.verdicts == first.verdicts)
            #expect(try server.store.entries(after: .zero, limit: 10).count == 3)
        }
    }

    @Test(arguments: versions)
    func aGroupIsAcknowledgedWhileTheRestOfTheBodyIsStillToCome(
        _ version: HTTPClient.Configuration.HTTPVersion
    ) async throws {
        try await TestServer.run { server in
            let client = try TestClient(server, version: version)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let first = try device.write("a")
            let second = try device.write("b")
            let (parts, source) = AsyncStream<ByteBuffer>.makeStream()
            source.yield(ByteBuffer(bytes: try encoded([device.opening(after: before), .transaction(first)])))
            let replies = try await client.frames(
                "/v1/push", .stream(parts, length: .unknown), token: token, as: PushReply.self)
            guard case .acknowledged(let one) = try await replies.next() else { throw Unexpected() }
            #expect(one.appliedThrough == 1)
            source.yield(ByteBuffer(bytes: try encoded([.transaction(second)])))
            guard case .acknowledged(let two) = try await replies.next() else { throw Unexpected() }
            #expect(two.appliedThrough == 2)
            source.finish()
            #expect(try await replies.next() == nil)
        }
    }

    @Test func whatCameWholeBeforeAFaultStands() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            var device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            for (rest, code) in [
                (Framing.frame([0xFF, 0xFF, 0xFF]), ErrorCode.malformed),
                ([0xFF, 0xFF, 0xFF, 0x7F], .tooLarge),
                ([UInt8](repeating: 0xFF, count: 12), .tooLarge),
                (Array(Framing.frame([1, 2, 3, 4]).dropLast()), .streamTruncated),
                (try encoded([device.opening(after: device)]), .malformed),
            ] {
                let before = device
                let sealed = try device.write("a")
                let body = try encoded([device.opening(after: before), .transaction(sealed)]) + rest
                let answer = try await server.push(body, client, token)
                #expect(answer.acknowledgedThrough == device.counter)
                #expect(answer.failure?.code == code)
            }
            #expect(try server.store.entries(after: .zero, limit: 10).count == 5)
        }
    }

    @Test func aPushThatDoesNotBeginAsItShouldTakesNothing() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let first = try device.write("a")
            let middle = device
            let second = try device.write("b")
            #expect(try await server.push(try encoded([.transaction(first)]), client, token).failure?.code == .malformed)
            #expect(try await server.push([], client, token).failure == nil)
            let gap = try await server.push(
                try encoded([device.opening(after: middle), .transaction(second)]), client, token)
            #expect(gap.failure?.code == .counterGap && gap.failure?.action == .resumeFrom(counter: 1))
            let skipped = try await server.push(
                try encoded([device.opening(after: before), .transaction(second)]), client, token)
            #expect(skipped.failure?.code == .counterGap)
            #expect(try server.store.entries(after: .zero, limit: 10).isEmpty)
        }
    }

    @Test func anUndecodableTransactionIsVoidAndTheNextOnesFlow() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let sealed = [device.seal([0xFF, 0xFF, 0x01]), try device.write("b")]
            let answer = try await server.push(
                try encoded([device.opening(after: before)] + sealed.map(PushFrame.transaction)), client, token)
            #expect(answer.failure == nil && answer.acknowledgedThrough == 2)
            #expect(answer.verdicts.map(\.isVoid) == [true, false])
        }
    }

    @Test func beyondTheLimitsOfARequestWhatCameBeforeStands() async throws {
        var few = ServerLimits()
        few.pushTransactions = 2
        var small = ServerLimits()
        small.pushBytes = 2_000
        for (limits, payload, taken) in [(few, "a", 2), (small, String(repeating: "a", count: 1_500), 1)] {
            try await TestServer.run(limits: limits) { server in
                let client = try TestClient(server)
                let before = try await TestDevice.enrolled("anna", server, client)
                var device = before
                let token = try await device.token(client)
                let sealed = try (0..<3).map { _ in try device.write(payload) }
                // In parts and without a length, which alone would have it refused whole.
                let (parts, source) = AsyncStream<ByteBuffer>.makeStream()
                source.yield(ByteBuffer(bytes: try encoded([device.opening(after: before)])))
                let replies = try await client.frames(
                    "/v1/push", .stream(parts, length: .unknown), token: token, as: PushReply.self)
                for (index, one) in sealed.enumerated() {
                    source.yield(ByteBuffer(bytes: try encoded([.transaction(one)])))
                    guard index < taken else { break }
                    guard case .acknowledged(let reply) = try await replies.next() else { throw Unexpected() }
                    #expect(reply.appliedThrough == UInt64(index + 1))
                }
                source.finish()
                guard case .failed(let failure) = try await replies.next() else { throw Unexpected() }
                #expect(failure.code == .tooLarge && failure.action == .giveUp)
                #expect(try await replies.next() == nil)
                #expect(try server.store.entries(after: .zero, limit: 10).count == taken)
            }
        }
    }

    @Test func aBodyWithoutEndIsRefused() async throws {
        var limits = ServerLimits()
        limits.discardedBytes = Limits.pushBodyBytes + 64 * 1024
        try await TestServer.run(limits: limits) { server in
            let client = try TestClient(server, version: .http1Only)
            let device = try await TestDevice.enrolled("anna", server, client)
            let token = try await device.token(client)
            let known = try await client.send(
                "/v1/push",
                .bytes([UInt8](repeating: 0x80, count: 9 * 1024 * 1024)), token: token)
            #expect(known.status.code == 413)

            // Told, and, as it goes on all the same, cut. One chunk of a gigabyte.
            let endless = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await endless.send(
                "POST /v1/push HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\n"
                    + "transfer-encoding: chunked\r\n\r\n40000000\r\n")
            let part = [UInt8](repeating: 0x80, count: 1024 * 1024)
            var sent = 0
            while endless.isOpen, sent < 1024 {
                do { try await endless.send(part) } catch { break }
                sent += 1
            }
            #expect(sent < 1024)
            try await eventually("The answer is there.") { endless.text.contains("HTTP/1.1 200 OK") }
            try await eventually("The stream is over.") { server.server.openStreams == 0 }
        }
    }

    @Test func aConnectionThatBreaksInTheMiddleKeepsWhatCameWhole() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let sealed = [try device.write("a"), try device.write("b")]
            let body = try encoded([device.opening(after: before)] + sealed.map(PushFrame.transaction))
            let connection = try await RawConnection.secure(server, protocols: ["http/1.1"])
            try await connection.send(
                "POST /v1/push HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer \(token)\r\n"
                    + "content-length: \(body.count)\r\n\r\n")
            try await connection.send(Array(body.dropLast(3)))
            try await eventually("The whole one is committed.") {
                try server.store.entries(after: .zero, limit: 10).count == 1
            }
            try await connection.close()
            try await eventually("The stream is over.") { server.server.openStreams == 0 }
            let token2 = try await device.token(client)
            let answer = try await server.push(body, client, token2)
            #expect(answer.acknowledgedThrough == 2 && answer.failure == nil)
            #expect(try server.store.entries(after: .zero, limit: 10).count == 2)
        }
    }

    @Test func aFullDiskIsToldAndPassesAndTheNextPushWorks() async throws {
        try await TestServer.run { server in
            let client = try TestClient(server)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let sealed = try device.write("a")
            let body = try encoded([device.opening(after: before), .transaction(sealed)])
            server.counting.failNext([SatchelError(.diskFull, "Full.", remedy: "Wait.", cause: "secret")])
            let full = try await server.push(body, client, token)
            #expect(full.failure?.code == .diskFull && full.failure?.action == .retryAfter(seconds: 60))
            server.counting.failNext([Unexpected()])
            #expect(try await server.push(body, client, token).failure?.code == .internalError)
            #expect(try await server.push(body, client, token).acknowledgedThrough == 1)
        }
    }

    @Test func whoIsRevokedInTheMiddleOfAPushIsTakenNoFurther() async throws {
        try await TestServer.run { server in
            // AsyncHTTPClient 1.37 may trap when it shuts down an HTTP/2 connection whose request just failed.
            let client = try TestClient(server, version: .http1Only)
            let before = try await TestDevice.enrolled("anna", server, client)
            var device = before
            let token = try await device.token(client)
            let first = try device.write("a")
            let second = try device.write("b")
            let (parts, source) = AsyncStream<ByteBuffer>.makeStream()
            source.yield(ByteBuffer(bytes: try encoded([device.opening(after: before), .transaction(first)])))
            let replies = try await client.frames(
                "/v1/push", .stream(parts, length: .unknown), token: token, as: PushReply.self)
            _ = try await replies.next()
            try server.server.revoke(device.replica)
            source.yield(ByteBuffer(bytes: try encoded([.transaction(second)])))
            source.finish()
            guard case .failed(let failure) = try await replies.next() else { throw Unexpected() }
            #expect(failure.code == .replicaRevoked)
            #expect(try server.store.entries(after: .zero, limit: 10).count == 1)
        }
    }
}

struct Unexpected: Error {}

final class Counter: Sendable {
    private let count: Mutex<Int>

    init(_ count: Int) { self.count = Mutex(count) }

    var left: Int { count.withLock { $0 } }

    func takeOne() -> Bool {
        count.withLock { count in
            count -= 1
            return count >= 0
        }
    }
}

/// What became of one push.
struct PushAnswer: Sendable {
    var acknowledgedThrough: UInt64 = 0
    var verdicts: [TransactionVerdict] = []
    var failure: Failure?
}

extension TestServer {
    func push(_ body: [UInt8], _ client: TestClient, _ token: String) async throws -> PushAnswer {
        var answer = PushAnswer()
        let replies = try await client.frames("/v1/push", .bytes(body), token: token, as: PushReply.self)
        while let reply = try await replies.next() {
            switch reply {
            case .acknowledged(let acknowledgement):
                answer.acknowledgedThrough = acknowledgement.appliedThrough
                answer.verdicts += acknowledgement.verdicts
            case .failed(let failure): answer.failure = failure
            }
        }
        return answer
    }
}
