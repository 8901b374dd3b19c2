import Model
import Ports
import SourceCalls
import Synchronization

@testable import Leases

/// Time that passes when the test says so.
final class FleetClock: DaemonClock {
    private let uptime = Mutex<Int64>(1_000_000)

    var now: Moment { Moment(uptimeMs: uptime.withLock { $0 }, wallMs: 1_700_000_000_000 + uptime.withLock { $0 }) }
    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }

    func pass(ms: Int64) { uptime.withLock { $0 += ms } }

    func sleep(ns: Int64) async throws(CancellationError) { throw CancellationError() }
}

/// What a lease store holds, in virtual time: sessions end, leads are taken once, guarded writes compare.
final class MemoryLeases: Sendable {
    struct State {
        var sessions: [String: (name: String, status: [UInt8], endsUptimeMs: Int64, ttlMs: Int64)] = [:]
        var leads: [String: (session: String, token: UInt64)] = [:]
        var documents: [String: (revision: UInt64, bytes: [UInt8])] = [:]
        var revision: UInt64 = 1
    }

    let state = Mutex(State())
    let clock: FleetClock

    init(_ clock: FleetClock) { self.clock = clock }

    func with<Answer: Sendable>(_ work: (inout State) -> Answer) -> Answer {
        let now = clock.now.uptimeMs
        return state.withLock { state in
            for (id, session) in state.sessions where session.endsUptimeMs <= now { state.sessions[id] = nil }
            for (scope, lead) in state.leads where state.sessions[lead.session] == nil { state.leads[scope] = nil }
            return work(&state)
        }
    }
}

/// One replica's way to it, which can be cut.
final class MemoryLeaseStore: LeaseStore {
    let label = "memory"
    private let leases: MemoryLeases
    private let cut = Mutex(false)

    init(_ leases: MemoryLeases) { self.leases = leases }

    var isCut: Bool {
        get { cut.withLock { $0 } }
        set { cut.withLock { $0 = newValue } }
    }

    private func call<Answer: Sendable>(
        _ work: (inout MemoryLeases.State) -> Answer
    ) throws(SourceError) -> Answer {
        guard !isCut else { throw SourceError("the store cannot be reached") }
        return leases.with(work)
    }

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        let now = leases.clock.now.uptimeMs
        return try call { state in
            state.revision += 1
            let id = "s\(state.revision)"
            state.sessions[id] = (name, status, now + ttlMs, ttlMs)
            return LeaseSession(id: id, name: name)
        }
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        let now = leases.clock.now.uptimeMs
        return try call { state in
            guard let known = state.sessions[session.id] else { return false }
            state.sessions[session.id] = (known.name, status, now + known.ttlMs, known.ttlMs)
            return true
        }
    }

    func close(_ session: LeaseSession) async { _ = try? call { $0.sessions[session.id] = nil } }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        try call { state in
            guard state.leads[scope] == nil, state.sessions[session.id] != nil else { return nil }
            state.revision += 1
            state.leads[scope] = (session.id, state.revision)
            return state.revision
        }
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) {
        try call { state in
            if state.leads[hold.scope]?.token == hold.token { state.leads[hold.scope] = nil }
        }
    }

    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        try call { state in
            var view = LeaseView(cursor: state.revision)
            for (scope, lead) in state.leads.sorted(by: { $0.key < $1.key }) {
                let name = state.sessions[lead.session]?.name ?? ""
                view.leaders.append(.init(scope: scope, name: name, session: lead.session, token: lead.token))
            }
            let statuses = state.sessions.values.sorted { $0.name < $1.name }
            view.statuses = statuses.map { .init(path: $0.name, bytes: $0.status) }
            let new = state.documents.filter { $0.value.revision > cursor ?? 0 }
            view.documents = new.sorted { $0.value.revision < $1.value.revision }.map {
                .init(path: $0.key, bytes: $0.value.bytes)
            }
            return view
        }
    }

    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool {
        try call { state in
            if let leading, state.leads[leading.scope]?.token != leading.token { return false }
            state.revision += 1
            state.documents[path] = (state.revision, bytes)
            return true
        }
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        try call { state in for path in paths { state.documents[path] = nil } }
    }
}
