import Foundation
import Model
import NIOCore
import Ports

/// The newest document of each kind that streams carry, made once a second at most for all of its readers, on the reading
/// thread.
actor StreamDocuments {
    /// What a reader follows.
    enum Key: Sendable, Hashable {
        case status
        case release(String)
    }

    struct Document: Sendable {
        /// Changes when the content does; never repeats over a restart of the daemon.
        let id: String
        /// As it is sent.
        let event: ByteBuffer
        /// How long its readers wait for the next one: a large document is sent less often.
        let pause: Duration
    }

    private struct Made {
        let at: ContinuousClock.Instant
        let content: Content
        let document: Document
    }

    /// What decides whether there is something new: not the moment at which the picture was taken.
    private enum Content: Equatable {
        case status(Snapshot, OutboxReport?)
        case release(ReleaseSnapshot?)
    }

    /// At the same time; each holds a connection.
    static let streamLimit = 200
    /// Kinds of documents that are kept.
    private static let keyLimit = 64
    /// So many bytes per second and reader at most, over some seconds.
    private static let bytesPerSecond = 500_000

    private let operations: any Operations
    private let version: String
    private let process = String(UInt32.random(in: .min ... .max), radix: 36)
    private var made: [Key: Made] = [:]
    private var changes = 0
    private var readers = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { ReadingExecutor.shared.asUnownedSerialExecutor() }

    init(operations: any Operations, version: String) {
        self.operations = operations
        self.version = version
    }

    /// False when there are too many; else ``leave()`` has to follow.
    func enter() -> Bool {
        guard readers < StreamDocuments.streamLimit else { return false }
        readers += 1
        return true
    }

    func leave() { readers -= 1 }

    func newest(_ key: Key) async -> Document {
        if let known = made[key], known.at.duration(to: .now) < EventStream.period * 0.9 { return known.document }
        let snapshot = await operations.snapshot()
        let outbox: OutboxReport? = if key == .status { try? await operations.outbox() } else { nil }
        let content = content(key, snapshot, outbox)
        let document =
            if let known = made[key], known.content == content { known.document } else { make(key, snapshot, outbox) }
        if made[key] == nil, made.count >= StreamDocuments.keyLimit { made.removeAll() }
        made[key] = Made(at: .now, content: content, document: document)
        return document
    }

    private func content(_ key: Key, _ snapshot: Snapshot, _ outbox: OutboxReport?) -> Content {
        switch key {
        case .status:
            var still = snapshot
            still.atWallMs = 0
            return .status(still, outbox)
        case .release(let name): return .release(snapshot.releases.first { $0.name == name })
        }
    }

    private func make(_ key: Key, _ snapshot: Snapshot, _ outbox: OutboxReport?) -> Document {
        let answer: Answer =
            switch key {
            case .status: .json(StatusDocument(snapshot: snapshot, outbox: outbox, version: version))
            case .release(let name):
                if let release = snapshot.releases.first(where: { $0.name == name }) {
                    .json(ReleaseDocument(release))
                } else {
                    .json(ErrorDocument(error: "the release is no longer in the configuration"))
                }
            }
        changes += 1
        let id = "\(process).\(changes)"
        var event = ByteBuffer()
        event.reserveCapacity(answer.body.count + 64)
        event.writeString("id: \(id)\nevent: \(key == .status ? "status" : "release")\ndata: ")
        // JSON on one line, which ends with a line break.
        event.writeBytes(answer.body)
        event.writeString("\n")
        let seconds = Double(event.readableBytes) / Double(StreamDocuments.bytesPerSecond)
        return Document(id: id, event: event, pause: .seconds(min(seconds, 10)))
    }
}
