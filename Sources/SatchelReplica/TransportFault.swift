import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL
import SatchelProtocol

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the network did, in the registry's words. Before the head of a reply nothing is known to have been taken, and a
/// failure means that the server cannot be reached; after it, that a stream was cut and may be begun anew.
enum TransportFault {
    static func beforeHead(_ error: any Error, _ address: ServerAddress) -> any Error {
        switch error {
        case is SatchelError, is Failure, is CancellationError, is CertificateFault: return error
        case let error as NIOSSLExtraError where isAboutName(error): return CertificateFault.wrongName(cause: "\(error)")
        case let error as NIOSSLError: return handshake(error, address)
        case let error as NIOConnectionError:
            let looked = error.dnsAError ?? error.dnsAAAAError
            let reason = error.connectionErrors.isEmpty && looked != nil ? "its name is not known" : "nothing answers there"
            return unreachable("The server at \(address) cannot be reached: \(reason).", cause: "\(error)")
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return unreachable("The server at \(address) cannot be reached: nothing answers there.", cause: "\(error)")
        case let error as HTTPClientError where error == .cancelled: return CancellationError()
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            // A kept connection that the server had already closed looks like this: worth another try before giving up.
            return truncated(address, cause: "\(error)")
        default: return unreachable("The server at \(address) cannot be reached.", cause: "\(error)")
        }
    }

    /// Runs what reads a reply's body, and gives its errors their meaning.
    static func inBody<Result>(
        _ address: ServerAddress, _ read: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await read()
        } catch let error as Unchanged {
            throw error.error
        } catch let error where error is SatchelError || error is Failure || error is CancellationError {
            throw error
        } catch {
            throw truncated(address, cause: "\(error)")
        }
    }

    static func unreachable(_ message: String, cause: String? = nil) -> SatchelError {
        SatchelError(
            .unreachable, message,
            remedy: "Go on working: everything is kept here and sent when the server can be reached.", cause: cause)
    }

    static func truncated(_ address: ServerAddress, cause: String?) -> SatchelError {
        SatchelError(
            .streamTruncated, "The connection to \(address) broke off.",
            remedy: "Sync again; what was not confirmed is kept here and sent once more.", cause: cause)
    }

    /// A reply that no Satchel server wrote, but something in between: a proxy, a load balancer, a hotel's login page.
    static func status(_ status: Int, _ address: ServerAddress) -> SatchelError {
        unreachable("What answers at \(address) is not the server, but something in between (HTTP status \(status)).")
    }

    private static func handshake(_ error: NIOSSLError, _ address: ServerAddress) -> any Error {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return CertificateFault.notVerified(cause: text) }
        if case .handshakeFailed(.sslError) = error {
            return unreachable("No TLS connection can be made with what answers at \(address).", cause: text)
        }
        return unreachable("The server at \(address) ended the connection before it was secure.", cause: text)
    }

    private static func isAboutName(_ error: NIOSSLExtraError) -> Bool {
        error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch
    }
}

/// An error that has nothing to do with the network, on its way through code that gives the network's errors their meaning.
struct Unchanged: Error {
    let error: any Error

    static func wrap<Result>(_ work: () async throws -> Result) async throws -> Result {
        do {
            return try await work()
        } catch {
            throw Unchanged(error: error)
        }
    }
}
