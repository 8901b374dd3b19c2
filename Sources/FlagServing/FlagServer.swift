package import Logging
package import Model
import NIOCore
import NIOPosix
package import Ports

/// Serves a file of feature flags to applications: by HTTP with `ETag`, by gRPC as a source of flagd's providers in the process,
/// and by OFREP for flags without targeting.
///
/// The file is all that it keeps: a step that changes it, or an edit, is read within ``pollMs`` and sent to every stream, and a
/// restart serves what the file has then. A file that cannot be used is refused, and the one before it stays in force.
package struct FlagServer: Sendable {
    /// From one check of the file to the next.
    private static let pollMs: Int64 = 200
    /// Between two attempts to listen.
    private static let retryMs: Int64 = 2_000

    private let plan: FlagServerPlan
    private let clock: any DaemonClock
    private let logger: Logger
    private let slowReaderLimit: TimeAmount
    private let onListening: @Sendable (_ port: Int) -> Void
    private let board = FlagBoard()

    /// - Parameters:
    ///   - slowReaderMs: how long a stream may take to accept a document.
    ///   - onListening: called when the port is open.
    package init(
        _ plan: FlagServerPlan, clock: any DaemonClock, logger: Logger, slowReaderMs: Int64 = 30_000,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) {
        (self.plan, self.clock, self.logger, self.onListening) = (plan, clock, logger, onListening)
        slowReaderLimit = .milliseconds(slowReaderMs)
    }

    /// Streams of applications that are open.
    package var streamCount: Int { board.streamCount }

    /// Runs until it is cancelled. A port that cannot be opened is tried again: the releases are watched meanwhile.
    package func run() async throws(CancellationError) {
        var reader = FlagFileReader(path: plan.file, board: board, logger: logger)
        await reader.read()
        let listener = try await listen()
        defer { Task { await listener.close() } }
        while true {
            try await clock.sleep(ms: FlagServer.pollMs)
            await reader.read()
        }
    }

    private func listen() async throws(CancellationError) -> FlagListener {
        let host = plan.host.contains(":") ? "[\(plan.host)]" : plan.host
        var hasFailed = false
        while true {
            do {
                let listener = try await FlagListener.open(
                    host: plan.host, port: plan.port, board: board, slowReaderLimit: slowReaderLimit)
                logger.info("flags: \(plan.file) is served at \(host):\(listener.port)")
                onListening(listener.port)
                return listener
            } catch {
                if !hasFailed { logger.error("flags: cannot listen on \(host):\(plan.port): \(error)") }
                hasFailed = true
            }
            try await clock.sleep(ms: FlagServer.retryMs)
        }
    }
}

/// Reads the file, and puts what can be used on the board.
private struct FlagFileReader {
    let board: FlagBoard
    let logger: Logger
    private var file: FlagFile
    /// What was logged, so that it is not logged at each poll.
    private var trouble: String?

    init(path: String, board: FlagBoard, logger: Logger) {
        (self.board, self.logger) = (board, logger)
        file = FlagFile(path: path)
    }

    mutating func read() async {
        let asked = file
        // Swift's own threads must not wait for the disk.
        let answer = try? await NIOThreadPool.singleton.runIfActive {
            var file = asked
            let reading = file.read()
            return (file, reading)
        }
        guard let (file, reading) = answer else { return }
        self.file = file
        switch reading {
        case .unchanged: break
        case .unreadable(let reason): refuse("it cannot be read: \(reason)")
        case .read(let bytes): take(bytes)
        }
    }

    private mutating func take(_ bytes: [UInt8]) {
        let document: FlagDocument
        do throws(FlagDocument.Refusal) { document = try FlagDocument(bytes) } catch { return refuse(error.reason) }
        trouble = nil
        let former = board.edition?.document
        guard former?.revision != document.revision else { return }
        let count = board.publish(document)
        let changes = document.changes(since: former)
        let what = former == nil ? "\(document.flags.count) flags" : changes.isEmpty ? "other rules" : changes.shown
        logger.info(
            "flags: \(file.path) has the revision \(document.revision) (\(what)); \(count) stream\(count == 1 ? "" : "s") get it"
        )
    }

    private mutating func refuse(_ reason: String) {
        guard reason != trouble else { return }
        trouble = reason
        let kept = board.edition.map { "the revision \($0.document.revision) stays in force" } ?? "nothing is served"
        logger.error("flags: \(file.path) is refused, \(kept): \(reason)")
    }
}

extension [String] {
    fileprivate var shown: String {
        prefix(5).joined(separator: "; ") + (count > 5 ? " and \(count - 5) more" : "")
    }
}
