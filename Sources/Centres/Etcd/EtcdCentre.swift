import Model
import SourceCalls
import Synchronization

/// Reads the keys under a prefix of etcd at one revision, and watches for a change.
///
/// The watch only says when to read again: a watch from a revision that the cluster does not have, which a restored backup
/// leaves, is silent for ever. So the keys are read again after `refresh` in any case.
final class EtcdCentre: Centre {
    private static let partSize = 200
    private static let partLimit = 100
    /// After a change: several keys may change together.
    private static let settleMs: Int64 = 200

    let plan: EtcdCentrePlan
    let setup: CallSetup
    private let first: [UInt8]
    private let end: [UInt8]
    /// The member that answered last; a login costs as much as a hundred readings.
    private let known = Mutex<EtcdMember?>(nil)

    init(plan: EtcdCentrePlan, setup: CallSetup) {
        self.plan = plan
        self.setup = setup
        first = Array(plan.prefix.utf8)
        end = EtcdKeys.end(of: first)
    }

    var label: String { plan.label }
    var needsManifest: Bool { false }
    var writer: (any CentreWriter)? { EtcdCentreWriter(centre: self) }

    func read() async throws(SourceError) -> CentreReading {
        try await onMember { member throws(SourceError) in try await self.read(member) }
    }

    /// Asks the member that answered last, then all members in order, each after a login of its own.
    func onMember<Answer: Sendable>(
        _ ask: (EtcdMember) async throws(SourceError) -> Answer
    ) async throws(SourceError) -> Answer {
        if let member = known.withLock({ $0 }) {
            do throws(SourceError) { return try await ask(member) } catch {
                known.withLock { $0 = nil }
                // Another member gives the same answer to what the cluster refuses.
                if let status = error.status, status == 400 || status == 409 { throw error }
            }
        }
        var failure = SourceError("there is no endpoint")
        for endpoint in plan.endpoints {
            do throws(SourceError) {
                let member = try await EtcdMember.login(endpoint, security: plan.security, setup: setup)
                let answer = try await ask(member)
                known.withLock { $0 = member }
                return answer
            } catch {
                let name = SourceServer(endpoint, setup: setup).name
                failure = SourceError("\(name): \(error.reason)", status: error.status)
            }
        }
        throw failure
    }

    /// In parts, all at the revision of the first one.
    private func read(_ member: EtcdMember) async throws(SourceError) -> CentreReading {
        var entries: [EtcdKeys.Entry] = []
        var manifestVersion: String?
        var versions: [String: String] = [:]
        var revision: String?
        var start = first
        for _ in 0..<EtcdCentre.partLimit {
            let body = EtcdKeys.rangeBody(from: start, to: end, limit: EtcdCentre.partSize, revision: revision)
            let part = try await member.call(EtcdKeys.Range.self, "/v3/kv/range", body)
            let found = try part.entries()
            for (entry, pair) in zip(found, part.kvs ?? []) {
                versions[path(entry)] = pair.modRevision
                if path(entry) == CentrePaths.manifest { manifestVersion = pair.modRevision }
            }
            entries += found
            revision = revision ?? part.header.revision
            guard part.more == true, let last = entries.last else {
                let revision = revision ?? part.header.revision
                return CentreReading(
                    revision: revision, order: UInt64(revision), manifestVersion: manifestVersion,
                    files: entries.map { CentreFile(path: path($0), bytes: $0.value) }, versions: versions)
            }
            start = last.key + [0]
        }
        throw SourceError("there are more than \(EtcdCentre.partSize * EtcdCentre.partLimit) keys")
    }

    private func path(_ entry: EtcdKeys.Entry) -> String {
        String(decoding: entry.key.dropFirst(first.count), as: UTF8.self)
    }

    func waitForChange(after reading: CentreReading) async throws(CancellationError) {
        let due = setup.clock.now.uptimeMs + plan.refreshMs
        var hasChanged = false
        if let member = known.withLock({ $0 }),
            let body = EtcdKeys.watchBody(from: first, to: end, after: reading.revision)
        {
            hasChanged = await member.watch(body, timeoutMs: plan.refreshMs)
        }
        let leftMs = due - setup.clock.now.uptimeMs
        try await setup.clock.sleep(ms: hasChanged ? min(EtcdCentre.settleMs, leftMs) : leftMs)
    }
}

/// Writes in one transaction that compares the manifest.
struct EtcdCentreWriter: CentreWriter {
    let centre: EtcdCentre

    /// etcd's default for a transaction.
    var operationLimit: Int { 128 }

    func write(_ change: CentreChange) async throws(SourceError) -> String {
        let prefix = centre.plan.prefix
        func key(_ path: String) -> [UInt8] { Array((prefix + path).utf8) }
        let puts = (change.files + [CentreFile(path: CentrePaths.manifest, bytes: change.manifest)]).map {
            EtcdKeys.Entry(key: key($0.path), value: $0.bytes)
        }
        let body = EtcdKeys.transactionBody(
            puts: puts, removed: change.removed.map(key), comparing: key(CentrePaths.manifest),
            with: change.replacing)
        let answer = try await centre.onMember { member throws(SourceError) in
            try await member.call(EtcdKeys.Written.self, "/v3/kv/txn", body)
        }
        // A failed comparison is a 200 in which the field is missing.
        guard answer.succeeded == true else {
            throw SourceError("another client changed the manifest at the same time; read it again", status: 409)
        }
        return answer.header.revision
    }

    func replace(_ file: CentreFile, version: String) async throws(SourceError) {
        let key = Array((centre.plan.prefix + file.path).utf8)
        let body = EtcdKeys.transactionBody(
            puts: [EtcdKeys.Entry(key: key, value: file.bytes)], removed: [], comparing: key, with: version)
        let answer = try await centre.onMember { member throws(SourceError) in
            try await member.call(EtcdKeys.Written.self, "/v3/kv/txn", body)
        }
        guard answer.succeeded == true else { throw SourceError("the key has changed since", status: 409) }
    }
}
