import CPostgres
import Foundation
import Synchronization

/// How one server is reached: libpq's keywords and their values, in turns.
struct PostgresSettings: Sendable, Equatable {
    /// For messages: `db-1:5432`.
    var name: String
    var pairs: [(String, String)]

    static func == (one: PostgresSettings, other: PostgresSettings) -> Bool {
        one.name == other.name && one.pairs.elementsEqual(other.pairs, by: ==)
    }
}

/// The rows of each statement that gives rows; NULL is nil.
typealias PostgresSets = [[[String?]]]

/// One connection to one of several servers, on a thread of its own: libpq's calls block. Calls are made one after the other.
///
/// The servers are tried in order, beginning with the one that answered last. After a failure the connection is made again: what
/// state it is in says nothing, and a session has none that is needed.
final class PostgresLink: Sendable {
    private let queue = DispatchQueue(label: "rollguard.postgresql")
    private let library: String
    private let names: PostgresNames
    private let handle = Mutex<UInt>(0)
    /// Index of the server to begin with.
    private let first = Atomic<Int>(0)

    init(library: String, names: PostgresNames = .system) { (self.library, self.names) = (library, names) }

    deinit { PostgresLink.end(handle.withLock { $0 }) }

    /// - Parameters:
    ///   - statements: one message, so that a client which dies leaves no transaction open.
    ///   - timeoutMs: from now on, with the time that calls before this one take.
    func run(
        _ statements: String, at servers: [PostgresSettings], timeoutMs: Int64
    ) async -> Result<PostgresSets, PostgresTrouble> {
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(max(1, timeoutMs)) * 1_000_000
        return await withCheckedContinuation { waiting in
            queue.async { waiting.resume(returning: self.ask(statements, servers, until: end)) }
        }
    }

    /// Ends the connection; the next call makes another one.
    func close() async {
        await withCheckedContinuation { (waiting: CheckedContinuation<Void, Never>) in
            queue.async {
                self.drop()
                waiting.resume()
            }
        }
    }

    // MARK: On the thread

    private func ask(
        _ statements: String, _ servers: [PostgresSettings], until end: UInt64
    ) -> Result<PostgresSets, PostgresTrouble> {
        let isKept = handle.withLock { $0 } != 0
        let answer = once(statements, servers, until: end)
        guard case .failure(let trouble) = answer else { return answer }
        drop()
        // A kept connection may have been closed long ago, or lead to a server that is no primary any more. Statements that were
        // carried out nevertheless may be repeated.
        guard isKept, trouble.isOfConnection, PostgresLink.leftMs(end) > 0 else { return answer }
        let second = once(statements, servers, until: end)
        if case .failure = second { drop() }
        return second
    }

    private func once(
        _ statements: String, _ servers: [PostgresSettings], until end: UInt64
    ) -> Result<PostgresSets, PostgresTrouble> {
        do throws(PostgresTrouble) {
            var connection = handle.withLock { $0 }
            if connection == 0 {
                connection = try connect(servers, until: end)
                handle.withLock { $0 = connection }
            }
            guard let pointer = OpaquePointer(bitPattern: connection) else {
                throw PostgresTrouble("there is no connection")
            }
            return .success(try PostgresLink.rows(pointer, statements, timeoutMs: PostgresLink.leftMs(end)))
        } catch { return .failure(error) }
    }

    private func drop() {
        PostgresLink.end(
            handle.withLock { handle in
                defer { handle = 0 }
                return handle
            })
    }

    private static func end(_ connection: UInt) {
        if let pointer = OpaquePointer(bitPattern: connection) { rg_pq_end(pointer) }
    }

    /// Each server gets an equal part of the time that is left, so that one which swallows everything leaves some for the next.
    private func connect(_ servers: [PostgresSettings], until end: UInt64) throws(PostgresTrouble) -> UInt {
        guard let library = try PostgresLibrary.load(library).pointer, !servers.isEmpty else {
            throw PostgresTrouble("there is no endpoint")
        }
        let start = first.load(ordering: .relaxed) % servers.count
        var troubles: [String] = []
        for step in 0..<servers.count {
            let index = (start + step) % servers.count
            let leftMs = PostgresLink.leftMs(end) / Int64(servers.count - step)
            do throws(PostgresTrouble) {
                let made = try connect(servers[index], library, timeoutMs: leftMs)
                first.store(index, ordering: .relaxed)
                return made
            } catch { troubles.append("\(servers[index].name): \(error.line)") }
        }
        // The next call begins with another one.
        first.store((start + 1) % servers.count, ordering: .relaxed)
        throw PostgresTrouble(troubles.joined(separator: "; "))
    }

    private func connect(
        _ server: PostgresSettings, _ library: OpaquePointer, timeoutMs: Int64
    ) throws(PostgresTrouble) -> UInt {
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(max(1, timeoutMs)) * 1_000_000
        let resolved = try names.resolved(server, timeoutMs: timeoutMs)
        var trouble = rg_pq_trouble()
        let made = CTexts.withPointers(resolved.pairs.flatMap { [$0.0, $0.1] }) {
            rg_pq_connect(library, $0, $1, Int32(clamping: max(1, PostgresLink.leftMs(end))), &trouble)
        }
        guard let made else { throw PostgresTrouble(trouble) }
        return UInt(bitPattern: made)
    }

    private static func rows(
        _ connection: OpaquePointer, _ statements: String, timeoutMs: Int64
    ) throws(PostgresTrouble) -> PostgresSets {
        var trouble = rg_pq_trouble()
        guard let answer = rg_pq_run(connection, statements, Int32(clamping: max(1, timeoutMs)), &trouble) else {
            throw PostgresTrouble(trouble)
        }
        defer { rg_pq_free(answer) }
        return (0..<rg_pq_set_count(answer)).map { set in
            (0..<rg_pq_row_count(answer, set)).map { row in
                (0..<rg_pq_column_count(answer, set)).map { column in
                    var size: Int32 = 0
                    guard let text = rg_pq_value(answer, set, row, column, &size) else { return nil }
                    return String(
                        decoding: UnsafeRawBufferPointer(start: text, count: Int(size)), as: UTF8.self)
                }
            }
        }
    }

    private static func leftMs(_ end: UInt64) -> Int64 {
        let now = DispatchTime.now().uptimeNanoseconds
        return now < end ? Int64((end - now) / 1_000_000) : 0
    }
}

/// Texts for C.
enum CTexts {
    /// As C has them, for the time of the call.
    static func withPointers<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?, Int) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
}
