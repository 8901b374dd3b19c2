import Foundation
import Model
import SourceCalls
import Synchronization

/// Leases and documents in etcd. The lead is a key that is created under the replica's lease; its creation revision is the
/// fencing token, and each guarded write compares it in the same transaction.
final class EtcdLeaseStore: LeaseStore {
    private static let partSize = 200
    private static let partLimit = 500

    let label: String
    private let plan: EtcdLeasePlan
    private let setup: CallSetup
    private let timeoutMs: Int64
    /// The member that answered last.
    private let known = Mutex<EtcdMember?>(nil)
    /// Of the cluster that the last complete view is of; another one was made from a backup, and its revisions say nothing of the old ones.
    private let cluster = Mutex<String?>(nil)

    init(plan: EtcdLeasePlan, label: String, setup: CallSetup, timeoutMs: Int64) {
        self.plan = plan
        self.label = label
        self.setup = setup
        self.timeoutMs = timeoutMs
    }

    private var leadPrefix: String { plan.prefix + "lease/" }
    private var statusPrefix: String { plan.prefix + "status/" }
    private var documentPrefix: String { plan.prefix + "documents/" }

    func open(name: String, status: [UInt8], ttlMs: Int64) async throws(SourceError) -> LeaseSession {
        let granted = try await call(
            EtcdLeaseAnswers.Granted.self, "/v3/lease/grant", EtcdLeaseBodies.grant(ttlMs: ttlMs))
        let session = LeaseSession(id: granted.id, name: name)
        try await putStatus(session, status)
        return session
    }

    func renew(_ session: LeaseSession, status: [UInt8]) async throws(SourceError) -> Bool {
        let kept = try await call(
            EtcdLeaseAnswers.KeptAlive.self, "/v3/lease/keepalive", EtcdLeaseBodies.id(session.id))
        guard kept.isAlive else { return false }
        // The lease is renewed, whatever comes of the status.
        try? await putStatus(session, status)
        return true
    }

    private func putStatus(_ session: LeaseSession, _ status: [UInt8]) async throws(SourceError) {
        let put = EtcdLeaseBodies.put(statusPrefix + session.name, status, lease: session.id)
        _ = try await transaction([put])
    }

    func close(_ session: LeaseSession) async {
        _ = try? await call(EtcdLeaseAnswers.Nothing.self, "/v3/lease/revoke", EtcdLeaseBodies.id(session.id))
    }

    func lead(_ scope: String, _ session: LeaseSession) async throws(SourceError) -> UInt64? {
        let key = leadPrefix + scope
        let put = EtcdLeaseBodies.put(key, Array(session.name.utf8), lease: session.id)
        let answer = try await transaction(if: EtcdLeaseBodies.isAbsent(key), [put])
        return answer.succeeded == true ? UInt64(answer.header.revision) : nil
    }

    func drop(_ hold: LeaseHold) async throws(SourceError) {
        let key = leadPrefix + hold.scope
        _ = try await transaction(
            if: EtcdLeaseBodies.wasCreated(key, at: hold.token), [EtcdLeaseBodies.delete(key)])
    }

    /// What was read before may be gone from a cluster that was made from a backup, and what comes has lower revisions: all is read
    /// again. The cluster is remembered with a complete view alone: after a view that failed, the documents before the cursor have not
    /// been read from it.
    func view(after cursor: UInt64?) async throws(SourceError) -> LeaseView {
        var known = cursor == nil ? nil : cluster.withLock { $0 }
        var next = cursor.map { $0 + 1 } ?? 0
        var view = LeaseView(cursor: cursor ?? 0)
        for _ in 0..<EtcdLeaseStore.partLimit {
            let answer = try await transaction([
                EtcdLeaseBodies.range(under: leadPrefix, from: 0, limit: 1_000),
                EtcdLeaseBodies.range(under: statusPrefix, from: 0, limit: 1_000),
                EtcdLeaseBodies.range(under: documentPrefix, from: next, limit: EtcdLeaseStore.partSize),
            ])
            let ranges = answer.ranges
            guard ranges.count == 3, let revision = UInt64(answer.header.revision) else {
                throw SourceError("the answer is not one of three ranges")
            }
            guard known == nil || known == answer.header.clusterID, revision >= view.cursor else {
                (known, next, view) = (nil, 0, LeaseView(cursor: 0))
                continue
            }
            known = answer.header.clusterID
            view.leaders = try leaders(ranges[0])
            view.statuses = try documents(ranges[1], statusPrefix)
            view.documents += try documents(ranges[2], documentPrefix)
            guard ranges[2].more == true, let last = ranges[2].kvs?.last?.modRevision.flatMap({ UInt64($0) }) else {
                view.cursor = revision
                cluster.withLock { $0 = answer.header.clusterID }
                return view
            }
            next = last + 1
        }
        throw SourceError("there are more than \(EtcdLeaseStore.partSize * EtcdLeaseStore.partLimit) documents")
    }

    func write(_ path: String, _ bytes: [UInt8], leading: LeaseHold?) async throws(SourceError) -> Bool {
        let guardText = leading.map { EtcdLeaseBodies.wasCreated(leadPrefix + $0.scope, at: $0.token) }
        let put = EtcdLeaseBodies.put(documentPrefix + path, bytes, lease: nil)
        return try await transaction(if: guardText, [put]).succeeded == true
    }

    func remove(_ paths: [String]) async throws(SourceError) {
        guard !paths.isEmpty else { return }
        _ = try await transaction(paths.map { EtcdLeaseBodies.delete(documentPrefix + $0) })
    }

    // MARK: Inside

    private func leaders(_ range: EtcdLeaseAnswers.Answer.Range) throws(SourceError) -> [LeaseView.Leader] {
        let leaders = try (range.kvs ?? []).map { pair throws(SourceError) in
            let key = String(decoding: try EtcdLeaseStore.bytes(pair.key), as: UTF8.self)
            guard let token = pair.createRevision.flatMap({ UInt64($0) }) else {
                throw SourceError("the key \(key) has no creation revision")
            }
            return LeaseView.Leader(
                scope: String(key.dropFirst(leadPrefix.count)),
                name: String(decoding: try EtcdLeaseStore.bytes(pair.value), as: UTF8.self),
                session: pair.lease ?? "", token: token)
        }
        return leaders.sorted { $0.scope < $1.scope }
    }

    private func documents(
        _ range: EtcdLeaseAnswers.Answer.Range, _ prefix: String
    ) throws(SourceError) -> [LeaseView.Document] {
        try (range.kvs ?? []).map { pair throws(SourceError) in
            let key = String(decoding: try EtcdLeaseStore.bytes(pair.key), as: UTF8.self)
            return LeaseView.Document(
                path: String(key.dropFirst(prefix.count)), bytes: try EtcdLeaseStore.bytes(pair.value))
        }
    }

    private static func bytes(_ base64: String?) throws(SourceError) -> [UInt8] {
        guard let data = Data(base64Encoded: base64 ?? "") else { throw SourceError("an entry is not base64") }
        return Array(data)
    }

    private func transaction(
        if compare: String? = nil, _ operations: [String]
    ) async throws(SourceError) -> EtcdLeaseAnswers.Answer {
        try await call(
            EtcdLeaseAnswers.Answer.self, "/v3/kv/txn", EtcdLeaseBodies.transaction(if: compare, operations))
    }

    /// Asks the member that answered last, then all members in order.
    private func call<Answer: Decodable & Sendable>(
        _ type: Answer.Type, _ path: String, _ body: [UInt8]
    ) async throws(SourceError) -> Answer {
        if let member = known.withLock({ $0 }) {
            do throws(SourceError) { return try await member.call(type, path, body, timeoutMs: timeoutMs) } catch {
                // What the cluster refuses it refuses everywhere; a token that is too old needs another login.
                if let status = error.status, status == 400 || status == 404 || status == 409 { throw error }
                known.withLock { $0 = nil }
            }
        }
        var failure = SourceError("there is no endpoint")
        for endpoint in plan.endpoints {
            do throws(SourceError) {
                let member = try await EtcdMember.login(endpoint, security: plan.security, setup: setup)
                let answer = try await member.call(type, path, body, timeoutMs: timeoutMs)
                known.withLock { $0 = member }
                return answer
            } catch {
                failure = SourceError(
                    "\(SourceServer(endpoint, setup: setup).name): \(error.reason)", status: error.status)
            }
        }
        throw failure
    }
}
