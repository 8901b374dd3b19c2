package import Ports
import Synchronization

/// A request whose answer is one document per line, for as long as the server keeps it open.
package struct WatchLines {
    /// Of one line; a longer one ends the watch.
    package static let lineLimitBytes = 4 << 20
    /// Lines that have arrived and are not taken yet; one more ends the watch.
    package static let waitingLimit = 4_096

    package let transport: any HTTPTransport

    /// Returns when the server has ended the answer, when the time of the request is over, when `take` wants no more,
    /// or when the task is cancelled.
    ///
    /// - Parameter take: the next line; false ends the watch.
    /// - Returns: the answer, with its body where its status is not 200; nil when `take` ended it.
    func run(
        _ request: HTTPRequest, _ take: ([UInt8]) async -> Bool
    ) async throws(TransportError) -> HTTPResponse? {
        let (lines, queue) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(WatchLines.waitingLimit))
        let splitter = LineSplitter { line in
            if case .enqueued = queue.yield(line) { true } else { false }
        }
        let transport = transport
        let result = await withTaskGroup(of: Result<HTTPResponse, TransportError>.self) { group in
            group.addTask {
                defer { queue.finish() }
                do throws(TransportError) {
                    return .success(try await transport.stream(request) { splitter.take($0) })
                } catch { return .failure(error) }
            }
            for await line in lines {
                if await take(line) { continue }
                group.cancelAll()
                return Result<HTTPResponse, TransportError>?.none
            }
            group.cancelAll()
            return await group.next()
        }
        return try result?.get()
    }
}

/// Cuts what arrives into lines without their ends.
private final class LineSplitter: Sendable {
    private let rest = Mutex<[UInt8]>([])
    private let give: @Sendable ([UInt8]) -> Bool

    init(_ give: @escaping @Sendable ([UInt8]) -> Bool) { self.give = give }

    /// False when a line is too long, or not wanted.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        rest.withLock { rest in
            var start = bytes.startIndex
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                rest += bytes[start..<end]
                var line: [UInt8] = []
                swap(&line, &rest)
                guard line.count <= WatchLines.lineLimitBytes, line.isEmpty || give(line) else { return false }
                start = end + 1
            }
            rest += bytes[start...]
            return rest.count <= WatchLines.lineLimitBytes
        }
    }
}
