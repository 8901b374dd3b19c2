import Hummingbird
import NIOCore
import ServiceLifecycle

/// Server-sent events (HTML Standard, section 9.2) of one reader: the newest document whenever it has changed, and a comment
/// from time to time, so that both sides notice a connection that is gone.
///
/// An event holds the whole state, so a reader that comes back after a break has missed nothing: `Last-Event-ID` only
/// spares it a document that it has.
struct EventStream: Sendable {
    /// Between two questions whether something has changed.
    static let period: Duration = .seconds(1)
    /// Changes may be rare; the server closes connections on which nothing is written for 30 s.
    static let periodsBetweenComments = 12
    /// What a browser waits before it connects again, milliseconds.
    static let retryMs = 2_000
    static let crowdedRetryMs = 30_000

    let documents: StreamDocuments
    let key: StreamDocuments.Key
    let lastEventID: String?

    /// As a response's body. A reader for whom there is no room is asked to come back.
    var body: ResponseBody {
        ResponseBody { writer in
            if await documents.enter() {
                do { try await write(to: &writer) } catch {
                    await documents.leave()
                    throw error
                }
                await documents.leave()
            } else {
                try await writer.write(ByteBuffer(string: "retry: \(EventStream.crowdedRetryMs)\n\n"))
            }
            try await writer.finish(nil)
        }
    }

    /// Writes until the reader is gone or the daemon stops.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        var known = lastEventID
        var silent = 0
        try await writer.write(ByteBuffer(string: "retry: \(EventStream.retryMs)\n\n"))
        while !Task.isShuttingDownGracefully {
            let document = await documents.newest(key)
            if document.id != known {
                known = document.id
                silent = 0
                try await writer.write(document.event)
            } else {
                silent += 1
                if silent % EventStream.periodsBetweenComments == 0 {
                    try await writer.write(ByteBuffer(string: ":\n\n"))
                }
            }
            let pause = max(EventStream.period, document.pause)
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: pause) }
            if Task.isCancelled { return }
        }
    }
}
