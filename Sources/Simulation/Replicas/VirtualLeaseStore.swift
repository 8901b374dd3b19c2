import Daemon
import Leases
import Model
import SourceCalls

/// What a daemon needs to be one of several.
struct VirtualReplica {
    let leases: LeaseWorld
    let shelf: VirtualShelf
}

/// The store as one life of a daemon reaches it.
struct VirtualLeaseStore: LeaseStore {
    let world: LeaseWorld
    let process: DaemonProcess
    let life: Int

    var label: String { "virtual" }

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        try await call("open") { records, now in records.open(name: name, status: status, untilMs: now + ttlMs) }
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        let ttlMs = world.ttlMs
        return try await call("renew") { records, now in
            records.renew(session, status: status, untilMs: now + ttlMs)
        }
    }

    func close(_ session: LeaseSession) async {
        _ = try? await call("close") { records, _ in records.close(session) }
    }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        try await call("lead \(scope)") { records, _ in records.lead(scope, session) }
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) {
        try await call("drop \(hold.scope)") { records, _ in records.drop(hold) }
    }

    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        try await call("view") { records, _ in records.view(after: cursor) }
    }

    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool {
        try await call("write \(path)") { records, _ in records.write(path, bytes, leading: leading) }
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        guard !paths.isEmpty else { return }
        try await call("remove") { records, _ in records.remove(paths) }
    }

    // MARK: A call

    private final class Box<Answer: Sendable>: @unchecked Sendable {
        var answer: Answer?
        var isAnswered = false
    }

    private func call<Answer: Sendable>(
        _ what: String, _ effect: @escaping (LeaseRecords, Int64) -> Answer
    ) async throws(SourceError) -> Answer {
        let box = Box<Answer>()
        let waited: Void? = await process.sleeps.wait { number in
            process.countDownToCrash()
            guard process.isAlive(life) else { return }
            world.send(
                StoreCall(
                    machine: process.machine, what: what,
                    arrive: { records in
                        box.answer = effect(records, world.nowMs)
                        if what != "view", what != "renew" {
                            world.note("\(what) of \(LeaseWorld.name(ofMachine: process.machine))")
                        }
                    },
                    end: { isAnswered in
                        box.isAnswered = isAnswered
                        process.sleeps.end(number, with: ())
                    }))
        }
        guard waited != nil, box.isAnswered, let answer = box.answer else {
            throw SourceError("it gives no answer within \(world.callTimeoutMs) ms")
        }
        return answer
    }
}

/// What was handed over, on a machine's disk: it is there after a crash.
///
/// Used on the world's thread alone.
final class VirtualShelf: @unchecked Sendable {
    var documents: [String: HandoverDocument] = [:]
    var operators: OperatorActs?
}

/// The same as one life of the daemon writes it.
struct Shelf: HandoverStorage {
    let shelf: VirtualShelf
    let process: DaemonProcess
    let life: Int

    func document(of release: String) -> HandoverDocument? { shelf.documents[release] }

    func save(_ document: HandoverDocument) -> String? {
        if process.isAlive(life) { shelf.documents[document.release] = document }
        return nil
    }

    func operators() -> OperatorActs? { shelf.operators }

    func save(_ acts: OperatorActs) -> String? {
        if process.isAlive(life) { shelf.operators = acts }
        return nil
    }
}
