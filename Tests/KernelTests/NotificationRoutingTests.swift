import Model
import Testing

@testable import Kernel

/// Who is notified of what.
@Suite("Routes, silences, escalation")
struct NotificationRoutingTests {
    private static let names = ["chat", "pager", "boss"]

    /// Traffic that makes the canary sick from the beginning.
    private static func world(
        _ routes: [RoutePlan], defaults: [String] = [], mood: KernelHarness.RouterMood = .honest,
        severity: String? = nil
    ) -> KernelHarness {
        var rule = RulePlan.errorRate()
        if let severity { rule.labels = [TextPair("severity", severity)] }
        var plan = Plan.example(rules: [rule])
        plan.receivers = names.map { ReceiverPlan(name: $0, kind: .webhook, url: "http://\($0)") }
        (plan.routes, plan.defaultReceivers) = (routes, defaults)
        plan.releases[0].rollback.deadlineMs = 10_000
        var world = KernelHarness(plan: plan)
        world.mood = mood
        world.cycle(12)
        return world
    }

    private static func events(_ world: KernelHarness, of receiver: String) -> [String] {
        world.deliveries.filter { $0.receiver == receiver }.map { $0.notification.event.rawValue }
    }

    private static let pages = RoutePlan(
        match: NotificationMatch(severities: [.critical]), receivers: ["pager"],
        escalation: [EscalationStep(afterMs: 60_000, receivers: ["boss"])])
    private static let everything = RoutePlan(receivers: ["chat"])

    // MARK: Routes

    @Test func withoutRoutesEveryReceiverGetsEverything() {
        var world = Self.world([])
        world.canary.errors = 50
        world.cycle(10)
        let events = Self.names.map { Self.events(world, of: $0) }
        #expect(events[0].contains("rollback_acknowledged"))
        #expect(events[1] == events[0] && events[2] == events[0])
    }

    /// The route asks for what is critical, and gets its end, which is not.
    @Test func whoHearsOfABeginningHearsOfItsEnd() {
        var world = Self.world([Self.pages], defaults: ["chat"], mood: .ignores)
        world.canary.errors = 50
        world.cycle(30)
        #expect(Self.events(world, of: "pager") == ["rollback_abandoned"])
        #expect(Self.events(world, of: "chat").contains("rollback_intended"))
        world.restart()
        world.mood = .honest
        world.canaryBasisPoints = 0
        world.cycle(30)
        #expect(Self.events(world, of: "pager").last == "rollback_acknowledged")
    }

    @Test func everyRouteThatMatchesSendsOnce() {
        let byRelease = RoutePlan(match: NotificationMatch(releases: ["check*"]), receivers: ["chat", "pager"])
        var world = Self.world([byRelease, Self.everything])
        world.canary.errors = 50
        world.cycle(10)
        let events = Self.events(world, of: "chat")
        #expect(events.count == Set(events).count && events == Self.events(world, of: "pager"))
        #expect(Self.events(world, of: "boss").isEmpty)
    }

    /// Nothing is lost for want of a route.
    @Test(arguments: Notification.Event.allCases)
    func eachEventReachesAReceiver(_ event: Notification.Event) {
        var desk = NotificationDesk()
        var plan = Plan.example()
        plan.receivers = Self.names.map { ReceiverPlan(name: $0, kind: .webhook, url: "http://\($0)") }
        plan.routes = [RoutePlan(match: NotificationMatch(releases: ["other"]), receivers: ["boss"])]
        desk.adopt(plan)
        let now = Moment(uptimeMs: 1, wallMs: 1)
        #expect(desk.receivers(of: Self.notification(event), at: now) == Self.names)
    }

    private static func notification(_ event: Notification.Event) -> Notification {
        Notification(
            sequence: 1, event: event, atWallMs: 0, release: "checkout", baselineVersion: "v1", canaryVersion: "v2",
            incident: "checkout-1", summary: "")
    }

    // MARK: Hours without messages

    /// 2026-03-29, when clocks in Berlin go from 02:00 to 03:00, and 2026-10-25, when they go back.
    @Test(
        arguments: [
            (1_774_738_740_000, false), (1_774_738_800_000, true), (1_774_749_600_000, true),
            (1_774_756_800_000, false),
            (1_792_879_200_000, true), (1_792_893_600_000, true), (1_792_904_400_000, false),
        ] as [(Int64, Bool)])
    func aMuteWindowFollowsTheZone(_ wallMs: Int64, _ isMuted: Bool) {
        // 00:00 to 06:00 on Sundays.
        let offsets = [(0, 3_600), (1_774_746_000_000, 7_200), (1_792_890_000_000, 3_600)].map {
            ZoneOffset(fromWallMs: $0.0, seconds: $0.1)
        }
        let window = WeeklyWindow(days: [7], toMinute: 360, zone: "Europe/Berlin", offsets: offsets)
        let route = RoutePlan(receivers: ["chat"], muted: [window])
        #expect(route.isMuted(Self.notification(.rollbackIntended), atWallMs: wallMs) == isMuted)
        #expect(!route.isMuted(Self.notification(.rollbackAbandoned), atWallMs: wallMs))
    }

    // MARK: Silences

    private static func silence(_ world: inout KernelHarness, _ match: NotificationMatch, ms: Int64) -> String? {
        _ = world.command(.silence(match, forMs: ms))
        return world.kernel.snapshot(at: world.now).silences.last?.id
    }

    @Test func aSilenceHidesNotificationsAndNoAction() throws {
        var world = Self.world([])
        _ = try #require(Self.silence(&world, NotificationMatch(releases: ["checkout"]), ms: 600_000))
        world.canary.errors = 50
        world.cycle(10)
        #expect(world.deliveries.isEmpty, "\(world.deliveries.map(\.notification.event))")
        #expect(world.release.phase == .rolledBack)
        #expect(world.kernel.snapshot(at: world.now).silences[0].hidden > 0)
    }

    @Test(arguments: [[], [RoutePlan(receivers: ["chat", "pager"])]])
    func aRollbackThatDoesNotGetThroughIsNeverHidden(_ routes: [RoutePlan]) {
        var world = Self.world(routes, mood: .ignores)
        _ = Self.silence(&world, NotificationMatch(), ms: Silence.longestMs)
        world.canary.errors = 50
        world.cycle(30)
        #expect(Self.events(world, of: "pager") == ["rollback_abandoned"])
        // Its end is reported as well.
        world.mood = .honest
        world.canaryBasisPoints = 0
        world.cycle(30)
        #expect(Self.events(world, of: "pager").last == "rollback_acknowledged")
    }

    @Test func aSilenceEndsAndSurvivesARestart() throws {
        var world = Self.world([])
        let id = try #require(Self.silence(&world, NotificationMatch(), ms: 300_000))
        world.restart(downMs: 60_000)
        #expect(world.kernel.snapshot(at: world.now).silences.map(\.id) == [id])
        world.pass(ms: 239_000)
        #expect(world.kernel.snapshot(at: world.now).silences.map(\.id) == [id])
        world.pass(ms: 2_000)
        #expect(world.kernel.snapshot(at: world.now).silences.isEmpty)
        #expect(world.logs.contains { $0.text.contains("\(id) (everything) is over") })
        world.restart()
        #expect(world.kernel.snapshot(at: world.now).silences.isEmpty)
    }

    @Test func aSilenceAlwaysHasAnEnd() {
        var world = Self.world([])
        for ms in [0, -1, Silence.longestMs + 1] {
            guard case .refused = world.command(.silence(NotificationMatch(), forMs: ms)) else {
                Issue.record("\(ms) ms were taken")
                continue
            }
        }
        guard case .notFound = world.command(.endSilence(id: "silence-1")) else {
            Issue.record("there is no such silence")
            return
        }
    }

    // MARK: Escalation

    /// When the boss is notified, counted from the first call to the pager; nil for never.
    private static func escalatedAfterMs(
        _ change: (inout KernelHarness) -> Void
    ) -> Int64? {
        var world = world([Self.pages, Self.everything], mood: .ignores)
        world.canary.errors = 50
        for _ in 0..<60 where Self.events(world, of: "pager").isEmpty { world.cycle() }
        let begun = world.now.wallMs
        change(&world)
        for _ in 0..<200 where Self.events(world, of: "boss").isEmpty { world.cycle() }
        return Self.events(world, of: "boss").isEmpty ? nil : world.now.wallMs - begun
    }

    @Test func whatIsNotAcknowledgedGoesToTheNextReceiver() throws {
        let after = try #require(Self.escalatedAfterMs { _ in })
        #expect((58_000...62_000).contains(after), "\(after) ms")
    }

    /// An acknowledgement by the incident, or by the release.
    @Test(arguments: ["incident", "release"]) func whatIsAcknowledgedGoesNowhere(_ how: String) {
        let after = Self.escalatedAfterMs { world in
            let incident = world.kernel.snapshot(at: world.now).incidents[0].id
            let result = world.command(.acknowledge(subject: how == "release" ? "checkout" : incident))
            guard case .accepted = result else {
                Issue.record("\(result)")
                return
            }
            #expect(world.kernel.snapshot(at: world.now).incidents[0].acknowledgedBy == "ada")
            #expect(Self.events(world, of: "pager") == ["rollback_abandoned", "operator_acknowledged"])
            world.restart(downMs: 1_000)
            #expect(world.kernel.snapshot(at: world.now).incidents[0].acknowledgedBy == "ada")
        }
        #expect(after == nil)
    }

    @Test func whatIsOverGoesNowhere() {
        let after = Self.escalatedAfterMs { world in
            world.mood = .honest
            world.canaryBasisPoints = 0
        }
        #expect(after == nil)
    }

    /// The time during which the daemon was down counts, and no step is taken twice.
    @Test func escalationContinuesAfterARestart() throws {
        let after = try #require(Self.escalatedAfterMs { $0.restart(downMs: 40_000) })
        #expect((58_000...64_000).contains(after), "\(after) ms")
        var world = Self.world([Self.pages], defaults: ["chat"], mood: .ignores)
        world.canary.errors = 50
        world.cycle(100)
        #expect(Self.events(world, of: "boss") == ["rollback_abandoned"])
        world.restart()
        world.cycle(100)
        #expect(Self.events(world, of: "boss").filter { $0 == "rollback_abandoned" }.count == 1)
        let ids = world.deliveries.map(\.id)
        #expect(Set(ids).count == ids.count)
    }

    // MARK: Receivers that are gone

    private static func refusal(_ world: KernelHarness, by receiver: String = "pager") throws -> Input {
        let delivery = try #require(world.deliveries.last { $0.receiver == receiver })
        return .delivery(
            .undelivered(delivery.notification, Undelivered(receiver: receiver, reason: "it answered with status 410")))
    }

    /// A world in which the pager was notified just now.
    private static func paged(_ routes: [RoutePlan] = [pages, everything]) -> KernelHarness {
        var world = world(routes, mood: .ignores)
        world.canary.errors = 50
        for _ in 0..<60 where events(world, of: "pager").isEmpty { world.cycle() }
        return world
    }

    @Test func whatAReceiverDoesNotTakeGoesToTheNextAtOnceAndOnce() throws {
        var world = Self.paged()
        let refusal = try Self.refusal(world)
        for _ in 0..<3 { world.send(refusal) }
        #expect(Self.events(world, of: "boss") == ["rollback_abandoned"])
        let text = "pager does not take notifications (it answered with status 410): notifying boss"
        let summary = world.deliveries.last?.notification.summary ?? ""
        #expect(summary.hasSuffix("(pager does not take notifications: notifying boss)"), "\(summary)")
        #expect(world.journal.count { $0.event.name == "escalated" && $0.event.text == text } == 1)
        // The step does not come again at its time, after a restart neither.
        world.restart(downMs: 1_000)
        world.send(refusal)
        world.cycle(100)
        #expect(Self.events(world, of: "boss") == ["rollback_abandoned"])
    }

    @Test func aRefusalOfAnotherRoutesReceiverChangesNothing() throws {
        var world = Self.paged()
        world.send(try Self.refusal(world, by: "chat"))
        #expect(Self.events(world, of: "boss").isEmpty)
    }

    @Test func whatIsAcknowledgedOrSilencedIsNotEscalatedByARefusal() throws {
        var world = Self.paged()
        let refusal = try Self.refusal(world)
        var silenced = world
        _ = silenced.command(.silence(NotificationMatch(), forMs: 60_000))
        // A rollback that does not get through is never hidden.
        silenced.send(refusal)
        #expect(Self.events(silenced, of: "boss") == ["rollback_abandoned"])
        _ = world.command(.acknowledge(subject: "checkout"))
        world.send(refusal)
        #expect(Self.events(world, of: "boss").isEmpty)
    }

    @Test func aReceiverThatIsGoneIsPassedUntilItIsBack() throws {
        let gone = DeliveryTrouble.gone(Undelivered(receiver: "pager", reason: "connection refused"))
        func escalated(after troubles: [DeliveryTrouble]) -> Bool {
            var world = Self.world([Self.pages, Self.everything], mood: .ignores)
            for trouble in troubles { world.send(.delivery(trouble)) }
            world.canary.errors = 50
            for _ in 0..<60 where Self.events(world, of: "pager").isEmpty { world.cycle() }
            return Self.events(world, of: "boss") == ["rollback_abandoned"]
        }
        #expect(escalated(after: [gone]))
        #expect(!escalated(after: [gone, .back(receiver: "pager")]) && !escalated(after: []))
        #expect(!escalated(after: [.gone(Undelivered(receiver: "other", reason: ""))]))
    }

    /// Each receiver of a chain is passed in its turn, and no later one before it.
    @Test func aChainIsFollowedInItsOrder() throws {
        let chain = RoutePlan(
            receivers: ["pager"],
            escalation: [
                EscalationStep(afterMs: 3_600_000, receivers: ["chat"]),
                EscalationStep(afterMs: 7_200_000, receivers: ["pager"]),
                EscalationStep(afterMs: 9_000_000, receivers: ["boss"]),
            ])
        var world = Self.paged([chain])
        let first = try Self.refusal(world)
        world.send(first)
        #expect(Self.events(world, of: "chat") == ["rollback_intended"])
        world.send(first)
        #expect(Self.events(world, of: "boss").isEmpty, "the pager's second turn has not come")
        world.send(try Self.refusal(world, by: "chat"))
        #expect(Self.events(world, of: "pager").count { $0 == "rollback_intended" } == 2)
        #expect(Self.events(world, of: "boss").isEmpty)
        world.send(first)
        #expect(Self.events(world, of: "boss") == ["rollback_intended"])
    }

    /// Both receivers before the boss are gone: one step of the kernel passes them.
    @Test func receiversThatAreGoneArePassedTogether() {
        let chain = RoutePlan(
            receivers: ["pager"],
            escalation: [
                EscalationStep(afterMs: 3_600_000, receivers: ["chat"]),
                EscalationStep(afterMs: 7_200_000, receivers: ["boss"]),
            ])
        var world = Self.world([chain], mood: .ignores)
        for name in ["chat", "pager"] {
            world.send(.delivery(.gone(Undelivered(receiver: name, reason: "no answer"))))
        }
        world.canary.errors = 50
        for _ in 0..<60 where Self.events(world, of: "pager").isEmpty { world.cycle() }
        let sent = world.deliveries.filter { $0.notification.event == .rollbackIntended }
        #expect(sent.map(\.receiver) == ["pager", "chat", "boss"])
        #expect(Set(sent.map(\.id)).count == 3)
    }

    // MARK: Patterns

    @Test(arguments: [
        ("checkout", "checkout", true), ("checkout", "checkout2", false), ("check*", "checkout", true),
        ("*out", "checkout", true), ("*k*u*", "checkout", true), ("*x*", "checkout", false), ("*", "", true),
        ("", "", true), ("a**b", "ab", true), ("a*b", "aXbX", false), ("*灰*", "a灰b", true),
    ])
    func aStarStandsForAnyCharacters(_ pattern: String, _ text: String, _ fits: Bool) {
        #expect(Wildcard.matches(pattern, text) == fits)
    }

    /// A backtracking matcher would take hours.
    @Test func aPatternIsMatchedInBoundedTime() {
        let text = String(repeating: "a", count: 2_000)
        #expect(!Wildcard.matches(String(repeating: "a*", count: 50) + "b", text))
    }
}
