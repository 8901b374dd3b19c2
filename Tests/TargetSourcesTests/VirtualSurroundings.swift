import Model
import Ports
import Synchronization
import SystemSupport

@testable import TargetSources

/// Time that passes only when it is waited for, so that a source is run in no time.
final class StepClock: DaemonClock {
    private let uptime = Mutex<Int64>(1_000_000)
    /// Sleeps until the run ends.
    private let left: Mutex<Int>
    private let onSleep: @Sendable (Int64) -> Void

    /// - Parameters:
    ///   - sleeps: so many, then the waiting task is cancelled.
    ///   - onSleep: gets the time after each sleep, milliseconds of the monotonic clock.
    init(sleeps: Int, onSleep: @escaping @Sendable (Int64) -> Void = { _ in }) {
        left = Mutex(sleeps)
        self.onSleep = onSleep
    }

    var now: Moment { Moment(uptimeMs: uptime.withLock { $0 }, wallMs: 1_700_000_000_000 + uptime.withLock { $0 }) }
    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }

    func sleep(ns: Int64) async throws(CancellationError) {
        guard
            left.withLock({
                $0 -= 1; return $0 >= 0
            })
        else { throw CancellationError() }
        onSleep(
            uptime.withLock {
                $0 += max(0, ns / 1_000_000); return $0
            })
    }
}

/// Files in memory.
final class VirtualFiles: TargetFiles {
    private struct File {
        var bytes: [UInt8]
        var version: Int64
    }

    private let files = Mutex<[String: File]>([:])
    private let version = Mutex<Int64>(0)

    func write(_ path: String, _ text: String) {
        let next = version.withLock {
            $0 += 1; return $0
        }
        files.withLock { $0[path] = File(bytes: Array(text.utf8), version: next) }
    }

    func remove(_ path: String) { files.withLock { $0[path] = nil } }

    func read(_ path: String, limitBytes: Int) throws(FileReadError) -> [UInt8] {
        guard let file = files.withLock({ $0[path] }) else { throw .system(code: 2) }
        guard file.bytes.count <= limitBytes else { throw .tooLarge(limitBytes: limitBytes) }
        return file.bytes
    }

    func expand(_ pattern: String) -> [String] {
        guard let star = pattern.firstIndex(of: "*") else { return [pattern] }
        let (head, tail) = (pattern[..<star], pattern[pattern.index(after: star)...])
        return files.withLock { $0.keys.filter { $0.hasPrefix(head) && $0.hasSuffix(tail) } }.sorted()
    }

    func stamp(_ path: String) -> FileStamp? {
        files.withLock { $0[path] }.map {
            FileStamp(sizeBytes: Int64($0.bytes.count), modifiedNs: $0.version, changedNs: $0.version)
        }
    }
}

/// Answers one after the other, the last one for ever.
final class ListedAnswers: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportError>

    private let answers: Mutex<[Answer]>
    let requests = Mutex<[HTTPRequest]>([])

    init(_ answers: [Answer]) { self.answers = Mutex(answers) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        requests.withLock { $0.append(request) }
        return try answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }.get()
    }
}
