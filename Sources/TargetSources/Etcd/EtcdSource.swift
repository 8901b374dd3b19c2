import Discovery
import Model
import Ports
import SourceCalls

/// Reads the keys under a prefix, all at one revision, and watches for a change.
///
/// The watch only says when to read again: a watch from a revision that the cluster does not have, which a restored
/// backup leaves, is silent for ever. So the keys are read again after `refresh` in any case.
struct EtcdSource: TargetSource {
    private static let partSize = 1_000
    private static let partLimit = 20
    private static let retryLimitMs: Int64 = 15_000
    /// After a change: several keys may change together.
    private static let settleMs: Int64 = 200

    private let plan: EtcdSourcePlan
    private let setup: SourceSetup
    private let first: [UInt8]
    private let end: [UInt8]

    init(plan: EtcdSourcePlan, setup: SourceSetup) {
        self.plan = plan
        self.setup = setup
        first = Array(plan.prefix.utf8)
        end = EtcdKeys.end(of: first)
    }

    var name: String { "etcd \(plan.prefix)" }
    var refreshMs: Int64 { plan.refreshMs }

    func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        var retryMs = RefreshLoop.firstRetryMs
        while !Task.isCancelled {
            var place: (member: EtcdMember, revision: String)?
            let answer = await RefreshLoop.answer { () throws(SourceError) in
                let read = try await read()
                place = (read.member, read.revision)
                return try EtcdTargets.groups(read.entries)
            }
            if Task.isCancelled { return }
            await report(answer)
            do throws(CancellationError) {
                if case .list = answer, let place {
                    retryMs = RefreshLoop.firstRetryMs
                    try await waitForChange(place.member, after: place.revision)
                } else {
                    try await setup.clock.sleep(ms: retryMs)
                    retryMs = min(retryMs * 2, EtcdSource.retryLimitMs)
                }
            } catch { return }
        }
    }

    // MARK: Reading

    private struct Reading {
        var member: EtcdMember
        var entries: [EtcdKeys.Entry]
        var revision: String
    }

    /// The members are tried in order.
    private func read() async throws(SourceError) -> Reading {
        var failure = SourceError("there is no endpoint")
        for endpoint in plan.endpoints {
            do throws(SourceError) {
                let member = try await EtcdMember.login(endpoint, security: plan.security, setup: setup.calls)
                return try await read(member)
            } catch { failure = SourceError("\(SourceServer(endpoint, setup: setup).name): \(error.reason)") }
        }
        throw failure
    }

    /// In parts, all at the revision of the first one.
    private func read(_ member: EtcdMember) async throws(SourceError) -> Reading {
        var entries: [EtcdKeys.Entry] = []
        var revision: String?
        var start = first
        for _ in 0..<EtcdSource.partLimit {
            let body = EtcdKeys.rangeBody(from: start, to: end, limit: EtcdSource.partSize, revision: revision)
            let part = try await member.call(EtcdKeys.Range.self, "/v3/kv/range", body)
            entries += try part.entries()
            revision = revision ?? part.header.revision
            guard part.more == true, let last = entries.last else {
                return Reading(member: member, entries: entries, revision: revision ?? part.header.revision)
            }
            start = last.key + [0]
        }
        throw SourceError("there are more than \(EtcdSource.partSize * EtcdSource.partLimit) keys")
    }

    // MARK: Watching

    /// Returns after a change, or when the keys have to be read all the same.
    private func waitForChange(_ member: EtcdMember, after revision: String) async throws(CancellationError) {
        let due = setup.clock.now.uptimeMs + plan.refreshMs
        var hasChanged = false
        if let body = EtcdKeys.watchBody(from: first, to: end, after: revision) {
            hasChanged = await member.watch(body, timeoutMs: plan.refreshMs)
        }
        let leftMs = due - setup.clock.now.uptimeMs
        try await setup.clock.sleep(ms: hasChanged ? min(EtcdSource.settleMs, leftMs) : leftMs)
    }
}
