package import Hummingbird
import NIOCore
import ServiceLifecycle

/// Why the body of a request could not be read.
package enum BodyFailure: Error, Sendable {
    case tooLarge
    case tooSlow
    case broken
}

/// Reads request bodies within limits of size and time, so that no sender holds memory or a connection for long.
package enum BoundedBody {
    /// From the head to the last byte of the body.
    package static let timeout: Duration = .seconds(10)

    /// A graceful shutdown does not wait for a slow sender.
    package static func read(_ request: Request, limitBytes: Int) async throws(BodyFailure) -> [UInt8] {
        let declared = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        guard declared <= limitBytes else { throw .tooLarge }
        let body = request.body
        let result = await withTaskGroup(of: Result<[UInt8], BodyFailure>.self) { group in
            group.addTask { await collect(body, limitBytes: limitBytes) }
            group.addTask {
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: timeout) }
                return .failure(.tooSlow)
            }
            let first = await group.next() ?? .failure(.broken)
            group.cancelAll()
            return first
        }
        return try result.get()
    }

    private static func collect(_ body: RequestBody, limitBytes: Int) async -> Result<[UInt8], BodyFailure> {
        do {
            let buffer = try await body.collect(upTo: limitBytes)
            return .success(Array(buffer.readableBytesView))
        } catch is NIOTooManyBytesError { return .failure(.tooLarge) } catch { return .failure(.broken) }
    }
}
