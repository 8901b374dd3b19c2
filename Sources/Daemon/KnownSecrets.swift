import Kernel
package import Model
package import Ports
import Support
import Synchronization

/// The daemon's secret store. It remembers what it gave out, so that a peer's answer can be shown without the secret that
/// it may echo.
package final class KnownSecrets: SecretStore {
    /// Rotated secrets add up; past this the oldest knowledge is kept and new secrets are still given out.
    private static let limit = 2_000

    private let base: any SecretStore
    private let masks = Mutex(SecretMasks())

    package init(_ base: any SecretStore) { self.base = base }

    package func secret(_ reference: SecretReference) throws(SecretError) -> String {
        let secret = try base.secret(reference)
        remember(secret)
        return secret
    }

    func remember(_ secret: String) {
        masks.withLock { masks in
            guard !masks.contains(secret), masks.count < Self.limit else { return }
            masks.add(secret)
        }
    }

    /// Addresses may hold credentials: a password, a token in the query, the path of a chat's webhook.
    package func remember(addressesOf plan: Plan) {
        for receiver in plan.receivers {
            if receiver.kind.hasSecretAddress || Self.hasCredential(receiver.url) { remember(receiver.url) }
        }
        for target in plan.releases.flatMap({ $0.baseline.targets + $0.canary.targets }) {
            if Self.hasCredential(target.url) { remember(target.url) }
        }
    }

    private static func hasCredential(_ url: String) -> Bool { Redaction.url(url) != url }

    /// The one place where a text from outside becomes one that may be shown: secrets masked, controls escaped, length
    /// bounded.
    package func shown(_ text: String, limit: Int = ForeignText.limit) -> String {
        ForeignText.line(masks.withLock { $0.masked(text, masksParts: true) }, limit: limit)
    }

    /// For a line of the log, which is mostly our own text.
    func line(_ text: String) -> String { ForeignText.escaped(masks.withLock { $0.masked(text) }) }
}

/// What enters the kernel from outside.
extension KnownSecrets {
    func shown(_ input: Input) -> Input {
        switch input {
        case .scraped(var report):
            guard let outcome = shown(report.outcome) else { return input }
            report.outcome = outcome
            return .scraped(report)
        case .journalFailing(let reason): return .journalFailing(reason: shown(reason))
        case .routerApplied(let release, let call, let receipts):
            return .routerApplied(release: release, call: call, receipts: receipts.map(shown))
        case .routerObserved(let release, let call, let observations):
            return .routerObserved(release: release, call: call, observations: observations.map(shown))
        case .gateTried(let release, let id, let result):
            return .gateTried(release: release, id: id, shown(result))
        case .sourcesChanged(let release, let state):
            return .sourcesChanged(
                release: release,
                TargetSourcesState(stale: state.stale.map { shown($0) }, remarks: state.remarks.map { shown($0) }))
        case .configured(let record): return .configured(shown(record))
        case .shareRead(let release, .problem(let text)):
            return .shareRead(release: release, .problem(text.map { shown($0) }))
        case .shareRead: return input
        case .stepAnswered(let release, let call, let answer):
            return .stepAnswered(release: release, call: call, answer.changed { shown($0) })
        case .companionAnswered(let release, let call, let answer):
            return .companionAnswered(release: release, call: call, shown(answer))
        case .schemaRead(let release, let call, let report):
            return .schemaRead(release: release, call: call, shown(report))
        // The reason went through this before it was stored with the delivery.
        case .delivery: return input
        // Addresses of targets are ASCII and bounded, and the resolver refuses those with credentials.
        case .cycleEnded, .journalDurable, .journalLost, .targetsChanged, .reload, .tick, .published: return input
        // What replicas say went through this in the replica that said it.
        case .leadership, .handedOver, .peerRolledBack, .operatorsActed: return input
        }
    }

    private func shown(_ answer: GroupAnswer) -> GroupAnswer {
        switch answer {
        case .ready(let versions): .ready(GroupVersions(from: shown(versions.from), to: shown(versions.to)))
        case .going(let incident): .going(incident: shown(incident, limit: 200))
        case .idle(let reason): .idle(reason: shown(reason))
        case .refused(let reason): .refused(reason: shown(reason))
        case .unknown(let reason): .unknown(reason: shown(reason))
        case .stale(let reason): .stale(reason: shown(reason))
        case .held(let reason): .held(reason: shown(reason))
        }
    }

    /// The reason is another daemon's text.
    func shown(_ order: GroupOrder) -> GroupOrder {
        var order = order
        order.reason = shown(order.reason)
        return order
    }

    private func shown(_ report: SchemaReport) -> SchemaReport {
        switch report {
        case .unreadable(let reason): return .unreadable(shown(reason))
        case .read(var reading):
            reading.applied = reading.applied.map { shown($0) }
            reading.dirty = reading.dirty.map { shown($0) }
            reading.running = reading.running.map { shown($0) }
            return .read(reading)
        }
    }

    /// Nil for a scrape that brings no text, as nearly all do.
    private func shown(_ outcome: ScrapeReport.Outcome) -> ScrapeReport.Outcome? {
        switch outcome {
        case .failure(let reason): return .failure(shown(reason))
        case .success(var reading, let warnings):
            guard !warnings.isEmpty || !reading.movingSeries.isEmpty else { return nil }
            reading.movingSeries = reading.movingSeries.map { shown($0) }
            return .success(reading, warnings: warnings.map { shown($0) })
        }
    }

    private func shown(_ record: ConfigurationRecord) -> ConfigurationRecord {
        var record = record
        record.revision = shown(record.revision)
        record.author = record.author.map { shown($0) }
        record.reason = record.reason.map { shown($0) }
        record.files = record.files.map { shown($0) }
        record.problems = record.problems.map { shown($0) }
        return record
    }

    private func shown(_ result: GateTry) -> GateTry {
        switch result {
        case .answered(var reply):
            reply.reason = shown(reply.reason)
            return .answered(reply)
        case .later(let afterMs, let reason): return .later(afterMs: afterMs, reason: shown(reason))
        case .noAnswer(let reason): return .noAnswer(shown(reason))
        }
    }

    private func shown(_ receipt: RouterReceipt) -> RouterReceipt {
        var receipt = receipt
        receipt.detail = shown(receipt.detail)
        return receipt
    }

    private func shown(_ observation: RouterObservation) -> RouterObservation {
        var observation = observation
        observation.problem = observation.problem.map { shown($0) }
        observation.revision = observation.revision.map { shown($0, limit: 200) }
        return observation
    }
}
