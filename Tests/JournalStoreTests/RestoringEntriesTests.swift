import Foundation
import GRDB
import Kernel
import Model
import Support
import Telemetry
import Testing

@testable import JournalStore

extension SQLiteJournal {
    /// Every entry, also those that restore nothing.
    func allEntries() async throws -> [JournalEntry] {
        try await read { try Row.fetchAll($0, sql: "SELECT * FROM entries ORDER BY sequence").map(EntryRow.entry) }
    }
}

/// A start reads a part of the journal, and knows all that the whole would report it.
@Suite("What a start reads of the journal")
struct RestoringEntriesTests {
    private static let plan: Plan = {
        func pool(_ version: String) -> PoolPlan {
            PoolPlan(version: version, targets: [TargetPlan(instance: version, url: "http://\(version)/metrics")])
        }
        func rule(_ name: String) -> RulePlan {
            RulePlan(
                group: "g", name: name, indicator: .errorRate, windowMs: 10_000,
                condition: .compare(.value(.canary), .greater, .number(0.01)), conditionText: "canary > 1%")
        }
        let releases = (0..<3).map { number in
            ReleasePlan(
                name: "r\(number)", baseline: pool("v1"), canary: pool("v2"),
                indicators: WatchList(requests: SeriesSelector(metric: "requests_total")),
                router: .sample("http://lb1"), rules: [rule("A"), rule("B")])
        }
        return Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), receivers: [], releases: releases)
    }()

    private static func alert(_ rule: String, _ generator: inout SeededGenerator) -> AlertRecord {
        func side(_ version: String) -> Evidence.Side {
            .init(version: version, value: 0.1, requests: 9, errors: 1, healthyTargets: 1, targets: 1)
        }
        return AlertRecord(
            rule: rule, action: .rollback, labels: [], annotations: [],
            activeSinceWallMs: Int64(generator.next() % 1_000),
            evidence: Evidence(
                indicator: "error_rate", windowMs: 10_000, condition: "canary > 1%", verdict: .breached,
                baseline: side("v1"), canary: side("v2")))
    }

    /// Any event, whether or not it may follow what was before it.
    private static func event(_ generator: inout SeededGenerator) -> JournalEvent {
        let alert = alert(generator.next() % 2 == 0 ? "A" : "B", &generator)
        let intent = IntentRecord(
            trigger: .rule(alert), fromVersion: generator.next() % 4 == 0 ? "v0" : "v2", toVersion: "v1",
            splitBefore: nil, splitWanted: .allBaseline, isDryRun: generator.next() % 8 == 0)
        let seen = [RouterObservation(instance: "lb1", canaryBasisPoints: 0, level: .loaded)]
        return switch generator.next() % 41 {
        case 0: .began(baseline: "v1", canary: generator.next() % 3 == 0 ? "v0" : "v2")
        case 1: .ended([.promoted, .rolledBack, .withdrawn, .replaced][Int(generator.next() % 4)])
        case 2...5: .alertFiring(alert)
        case 6...9: .alertResolved(alert)
        case 10: .held(HoldRecord(rule: "A", reason: "x", evidence: alert.evidence))
        case 11: .intended(intent)
        case 12: .applied([RouterReceipt(instance: "lb1", outcome: .accepted)])
        case 13: .observed(seen)
        case 14: .acknowledged
        case 15: .abandoned(reason: "x")
        case 16: .drifted(seen)
        case 17: .rearmed(by: "ada", reason: "x")
        case 18: .routerUnusable(reason: "x")
        case 19: .routerUsable
        case 20: .fallback(reason: "x")
        case 21: .draining(DrainRecord(sharesBasisPoints: [500], step: Int(generator.next() % 2)))
        case 22: .unproven(reason: "x")
        case 23: .targetsUnusable(reason: "x")
        case 24: .targetsUsable
        case 25: .procedure(.frozen(ProcedurePlan(steps: [step("a"), step("b")])))
        case 26: .procedure(.started(step: generator.next() % 2 == 0 ? "a" : "b", attempt: 1))
        case 27: .procedure(.personDone(step: generator.next() % 2 == 0 ? "a" : "b", by: "ada", reason: "x"))
        case 28: .procedure(.ended(reason: "x"))
        case 29: .wayBackClosed(reason: "x")
        case 30: .wayBackOpened
        case 31: .schemaBreached(reason: "x")
        case 32: .schemaBreachEnded
        case 33: .procedure(.frozen(forward))
        case 34: .procedure(.undoing(by: "r0-9"))
        case 35: .procedure(.watchFailed(step: "a", reason: "x"))
        case 36: .procedure(.watchRecovered(step: "a", reason: "x"))
        case 37: .group(.begun(GroupWork(group: "g", key: "k", onRefusal: .hold, companions: [companion])))
        case 38: .group(.decided(GroupDecision(goes: [], stays: [], isHeld: true)))
        case 39: .group(.prepared(promise))
        default: .pending([pending(&generator)])
        }
    }

    private static func isForward(_ event: JournalEvent) -> Bool {
        switch event {
        case .procedure(.frozen(let plan)): plan.forward != nil
        case .procedure(.watchFailed), .procedure(.watchRecovered): true
        default: false
        }
    }

    private static var forward: ProcedurePlan {
        var plan = ProcedurePlan(steps: [step("a"), step("b")])
        plan.forward = ForwardVersions(baseline: "v1", canary: "v2")
        return plan
    }
    private static let companion = GroupCompanion(release: "r1")
    private static let promise = GroupPromise(
        link: GroupLink(group: "g", release: "r1", incident: "r1-3", key: "k"),
        versions: GroupVersions(from: "v2", to: "v1"), untilWallMs: 60_000)

    private static func step(_ name: String) -> ProcedureStep {
        ProcedureStep(name: name, work: .person(text: "x"))
    }

    private static func pending(_ generator: inout SeededGenerator) -> PendingAlert {
        var alert = PendingAlert(
            rule: "A", condition: "canary > 1%", windowMs: 10_000, breachedMs: Int64(generator.next() % 9),
            activeSinceWallMs: 1)
        if generator.next() % 2 == 0 { alert.healthyMs = Int64(generator.next() % 9) }
        return alert
    }

    private static func entries(_ seed: UInt64) -> [JournalEntry] {
        var generator = SeededGenerator(seed: seed)
        var incidents = ["r0", "r1", "r2"].map { "\($0)-0" }
        return (1...UInt64(400)).map { sequence in
            let release = Int(generator.next() % 3)
            var event = event(&generator)
            if case .intended = event { incidents[release] = "r\(release)-\(sequence)" }
            // A way forward, and what is watched, have a beginning before them; here they have the id of an incident.
            if isForward(event), incidents[release].hasSuffix("-0") { event = .wayBackOpened }
            let isOfIncident = ![
                "began", "ended", "alert_firing", "alert_resolved", "held", "router_unusable", "router_usable",
                "pending", "way_back_closed", "way_back_opened", "group_prepared",
            ].contains(event.name)
            return JournalEntry(
                sequence: sequence, wallMs: Int64(sequence) * 1_000, release: "r\(release)",
                incident: isOfIncident ? incidents[release] : nil, event: event)
        }
    }

    @Test(arguments: [UInt64](1...80))
    func restoresWhatTheWholeJournalWould(_ seed: UInt64) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("restore-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let journal = try SQLiteJournal(directory: folder)
        try await journal.append(JournalBatch(entries: Self.entries(seed)))
        let (whole, part) = (try await journal.allEntries(), try await journal.records())
        func kernel(_ entries: [JournalEntry]) -> Kernel {
            Kernel(
                plan: Self.plan, replaying: entries, journalIdentity: "test", seed: 1,
                at: Moment(uptimeMs: 1_000, wallMs: 500_000))
        }
        #expect(part.count < whole.count)
        #expect(
            kernel(part).snapshot(at: .init(uptimeMs: 1_000, wallMs: 500_000))
                == kernel(whole).snapshot(at: .init(uptimeMs: 1_000, wallMs: 500_000)))
        #expect(kernel(part) == kernel(whole))
    }

    /// A release that is watched for months, with alerts that come and go, is read in a few rows.
    @Test func alertsOfMonthsAreNotRead() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("restore-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let journal = try SQLiteJournal(directory: folder)
        var generator = SeededGenerator(seed: 1)
        let alert = Self.alert("A", &generator)
        var entries = [
            JournalEntry(
                sequence: 1, wallMs: 1, release: "r0", incident: nil, event: .began(baseline: "v1", canary: "v2"))
        ]
        for sequence in UInt64(2)...4_001 {
            let event = sequence % 2 == 0 ? JournalEvent.alertFiring(alert) : .alertResolved(alert)
            entries.append(JournalEntry(sequence: sequence, wallMs: 1, release: "r0", incident: nil, event: event))
        }
        try await journal.append(JournalBatch(entries: entries))
        #expect(try await journal.records().map(\.sequence) == [1, 4_001])
    }
}
