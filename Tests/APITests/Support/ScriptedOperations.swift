import Model
import Ports

/// A daemon that answers as a test defines, and remembers what it was asked.
actor ScriptedOperations: Operations {
    enum Asked: Equatable {
        case rollback(release: String, to: String?, by: String, reason: String)
        case rearm(release: String, abandonPlan: Bool = false, by: String, reason: String)
        case acknowledge(String, by: String, reason: String)
        case silence(NotificationMatch, forMs: Int64, by: String, reason: String)
        case endSilence(String, by: String)
        case plan(String, ProcedureOrder, by: String, reason: String)
        case preview(ProcedureRoad)
        case group(GroupOrder)
        case reload
        case centre(CentreOrder, by: String, reason: String)
        case order(RolloutCommand, release: String, OrderContext)
        case resend(DeliveryChoice, by: String, reason: String)
        case drop(DeliveryChoice, by: String, reason: String)
    }

    struct Script: Sendable {
        var snapshot = Sample.snapshot
        var planSteps: [StepPreview]?
        var entries: [String: [JournalEntry]] = [:]
        /// Nil throws.
        var outbox: OutboxCounts? = OutboxCounts(waiting: 1, dead: 1, delivered: 7)
        var deadLetters = [Sample.deadLetter]
        var discovery = [Sample.discovery]
        var isJournalReadable = true
        var result = CommandResult.accepted(text: "rolling back", incident: "checkout-17")
        var unready: String?
        var groupAnswer = GroupAnswer.ready(GroupVersions(from: "v2", to: "v1"))
        var answer = RolloutAnswer(.accepted, "begun", rollout: "checkout-r42", tag: "checkout-r42.50")
    }

    private var script: Script
    private(set) var asked: [Asked] = []

    init(_ script: Script = Script()) { self.script = script }

    func snapshot() -> Snapshot { script.snapshot }

    func discovery() -> [DiscoveryReport] { script.discovery }

    /// From now on.
    func show(_ snapshot: Snapshot) { script.snapshot = snapshot }

    func entries(incident: String) throws -> [JournalEntry] {
        guard script.isJournalReadable else { throw JournalError.unwritable(path: "state", reason: "disk full") }
        return script.entries[incident] ?? []
    }

    func fates(ofEntries sequences: [UInt64]) throws -> [DeliveryFate] {
        sequences.map {
            DeliveryFate(
                id: "3f9a1c07-\($0)-oncall", receiver: "oncall", event: .rollbackIntended, state: .delivered,
                attempts: 2,
                reason: "503", settledWallMs: Sample.atMs)
        }
    }

    func outbox() throws -> OutboxReport {
        guard let counts = script.outbox else { throw JournalError.unwritable(path: "state", reason: "disk full") }
        return OutboxReport(counts: counts, queues: [Sample.queue], deadLetters: script.deadLetters)
    }

    func resendDeliveries(_ choice: DeliveryChoice, by: String, reason: String) -> CommandResult {
        asked.append(.resend(choice, by: by, reason: reason))
        return script.result
    }

    func dropDeliveries(_ choice: DeliveryChoice, by: String, reason: String) -> CommandResult {
        asked.append(.drop(choice, by: by, reason: reason))
        return script.result
    }

    func rollback(
        release: String, toVersion: String?, evenContracted: Bool, by: String, reason: String
    ) -> CommandResult {
        asked.append(.rollback(release: release, to: toVersion, by: by, reason: reason))
        return script.result
    }

    func order(_ command: RolloutCommand, release: String, _ order: OrderContext) -> RolloutAnswer {
        asked.append(.order(command, release: release, order))
        return script.answer
    }

    func isGateToken(_ token: String, gate id: String) -> Bool { token == "token-of-\(id)" }

    func readLink(_ token: String) -> LinkReading {
        let target = LinkTarget(action: .acknowledge, incident: "checkout-17", expiresSeconds: 1_764_302_400)
        return switch token {
        case "valid": .valid(target)
        case "expired": .expired(target)
        default: .invalid
        }
    }

    func rearm(release: String, abandonPlan: Bool, by: String, reason: String) -> CommandResult {
        asked.append(.rearm(release: release, abandonPlan: abandonPlan, by: by, reason: reason))
        return script.result
    }

    func acknowledge(_ subject: String, by: String, reason: String) -> CommandResult {
        asked.append(.acknowledge(subject, by: by, reason: reason))
        return script.result
    }

    func silence(_ match: NotificationMatch, forMs: Int64, by: String, reason: String) -> CommandResult {
        asked.append(.silence(match, forMs: forMs, by: by, reason: reason))
        return script.result
    }

    func planPreview(release: String, _ road: ProcedureRoad) -> (deadlineMs: Int64, steps: [StepPreview])? {
        if road != .rollback { asked.append(.preview(road)) }
        return script.planSteps.map { (deadlineMs: 900_000, steps: $0) }
    }

    func orderPlan(incident: String, _ order: ProcedureOrder, by: String, reason: String) -> CommandResult {
        asked.append(.plan(incident, order, by: by, reason: reason))
        return script.result
    }

    func answer(_ order: GroupOrder) -> GroupAnswer {
        asked.append(.group(order))
        return script.groupAnswer
    }

    func endSilence(_ id: String, by: String) -> CommandResult {
        asked.append(.endSilence(id, by: by))
        return script.result
    }

    func centre(_ order: CentreOrder, by: String, reason: String) -> CommandResult {
        asked.append(.centre(order, by: by, reason: reason))
        return script.result
    }

    func reload() -> CommandResult {
        asked.append(.reload)
        return script.result
    }

    func metricsExposition() -> String { "rollguard_build_info{version=\"1.2.3\"} 1\n" }

    func unreadyReason() -> String? { script.unready }
}

/// One secret, or why there is none.
struct OneSecret: SecretStore {
    var content: Result<String, SecretError> = .success("correct horse")

    func secret(_ reference: SecretReference) throws(SecretError) -> String { try content.get() }
}
