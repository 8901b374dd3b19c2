import Model
import Testing

@testable import Kernel

/// What a share of the centre means, from the value and the state of the release alone.
@Suite("The verdict about a share of the centre")
struct CentreShareVerdictTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let name: String
        var order = 1_000
        var memory = ShareOrder.Memory.other
        var shown: [Int?] = [0]
        var change: @Sendable (inout CentreShareVerdict.Facts) -> Void = { _ in }
        let verdict: String

        var testDescription: String { name }
    }

    private static let rows = [
        Row(name: "a share rises", verdict: "raise"),
        Row(name: "a share falls", shown: [2_000], verdict: "lower"),
        Row(name: "everything out, unread", order: 0, shown: [nil], verdict: "lower"),
        Row(name: "in place", shown: [1_000], verdict: "over, was in force"),
        Row(name: "in place, rounded by the router", shown: [950], verdict: "over, was in force"),
        Row(name: "above on one of two, below on the other", shown: [2_000, 500], verdict: "raise"),
        Row(name: "above on one of two, in place on the other", shown: [2_000, 1_000], verdict: "lower"),
        Row(name: "in place on one of two", shown: [1_000, 0], verdict: "raise"),
        Row(name: "unread", shown: [nil], verdict: "wait"),
        Row(name: "never read", shown: [], verdict: "wait"),
        Row(name: "one of two unread", shown: [0, nil], verdict: "wait"),
        Row(name: "rolling back", change: { $0.phase = .rollingBack }, verdict: "hold"),
        Row(name: "latched", change: { $0.phase = .rolledBack }, verdict: "hold"),
        Row(
            name: "latched, and still shown by the router", shown: [1_000], change: { $0.phase = .rolledBack },
            verdict: "hold"),
        Row(
            name: "latched, and sent before", change: { ($0.phase, $0.wasSent) = (.rolledBack, true) },
            verdict: "over, was in force"),
        Row(
            name: "latched, nothing known of before", memory: .nothing, change: { $0.phase = .rolledBack },
            verdict: "over"),
        Row(name: "latched, 0", order: 0, change: { $0.phase = .rolledBack }, verdict: "over, was in force"),
        Row(name: "a rollback is wanted", change: { $0.isRollbackWanted = true }, verdict: "hold"),
        Row(
            name: "a lower share although a rollback is wanted", shown: [2_000], change: { $0.isRollbackWanted = true },
            verdict: "lower"),
        Row(name: "held", change: { $0.heldReason = "the baseline is worse" }, verdict: "hold"),
        Row(name: "kept for its group", change: { $0.isPromised = true }, verdict: "hold"),
        Row(name: "another replica leads", change: { $0.mayLead = false }, verdict: "wait"),
        Row(name: "another replica leads, lower", shown: [2_000], change: { $0.mayLead = false }, verdict: "wait"),
        Row(
            name: "another replica leads, in place", shown: [1_000], change: { $0.mayLead = false },
            verdict: "over, was in force"),
        Row(
            name: "in place before the order came", shown: [1_000], change: { $0.reading = .older }, verdict: "wait"),
        Row(
            name: "in place before the last call ended", shown: [1_000], change: { $0.reading = .beforeCall },
            verdict: "lower"),
        Row(name: "below, and not read since", change: { $0.reading = .older }, verdict: "wait"),
        Row(name: "above, and not read since", shown: [2_000], change: { $0.reading = .older }, verdict: "lower"),
        Row(name: "0 was read before the call ended", order: 0, change: { $0.reading = .beforeCall }, verdict: "lower"),
        Row(name: "sent before a restart, below", memory: .sent, verdict: "past"),
        Row(name: "sent before a restart, above", memory: .sent, shown: [2_000], verdict: "lower"),
        Row(
            name: "sent before a restart, latched", memory: .sent, change: { $0.phase = .rolledBack },
            verdict: "over, was in force"),
        Row(
            name: "accepted, below", change: { $0.isAccepted = true }, verdict: "raise"),
        Row(
            name: "accepted, unread for now", order: 0, shown: [nil], change: { $0.isAccepted = true }, verdict: "lower"
        ),
        Row(name: "a dry run", change: { $0.isDryRun = true }, verdict: "wait"),
        Row(name: "the journal fails", change: { $0.isJournalFailing = true }, verdict: "wait"),
        Row(name: "the journal fails, lower", shown: [2_000], change: { $0.isJournalFailing = true }, verdict: "lower"),
        Row(name: "the router is read-only", change: { $0.routerProblem = "read-only" }, verdict: "wait"),
        Row(name: "no canary", change: { $0.healthyCanaryTargets = 0 }, verdict: "wait"),
        Row(name: "no canary, lower", shown: [2_000], change: { $0.healthyCanaryTargets = 0 }, verdict: "lower"),
    ]

    @Test(arguments: rows)
    func follows(_ row: Row) {
        let observations = row.shown.enumerated().map {
            RouterObservation(instance: "lb\($0.offset)", canaryBasisPoints: $0.element, level: .loaded)
        }
        var facts = CentreShareVerdict.Facts(release: "checkout", phase: .watching, observations: observations)
        row.change(&facts)
        let order = ShareOrder(basisPoints: row.order, revision: "7", source: "etcd:/r/", memory: row.memory)
        let verdict =
            switch CentreShareVerdict(order, facts) {
            case .over(let wasInForce): wasInForce ? "over, was in force" : "over"
            case .past: "past"
            case .wait: "wait"
            case .hold: "hold"
            case .lower: "lower"
            case .raise: "raise"
            }
        #expect(verdict == row.verdict)
    }
}
