import Model
import Testing

@testable import Notifications

/// Which alerts an Alertmanager gets again.
@Suite("The memory of an Alertmanager's alerts")
struct AlertMemoryTests {
    private static let minuteMs: Int64 = 60_000
    private static let nowMs: Int64 = 1_700_000_000_000

    private static func alerts(
        _ event: Model.Notification.Event, atWallMs: Int64 = nowMs
    ) -> [AlertmanagerAlert] {
        AlertmanagerAlert.states(.sample(event, atWallMs: atWallMs), externalURL: nil)
    }

    private static func names(_ alerts: [AlertmanagerAlert]) -> [String] {
        alerts.map { ($0.isResolved ? "-" : "+") + ($0.labels["alertname"] ?? "") }.sorted()
    }

    @Test func whatLastsIsSentAgainAndWhatEndedForAQuarterOfAnHour() {
        var memory = AlertMemory()
        let firing = Self.alerts(.alertFiring)
        memory.note(firing, nowWallMs: Self.nowMs)
        #expect(Self.names(memory.follow(firing, nowWallMs: Self.nowMs)) == ["+CanaryErrorRate"])
        memory.note(Self.alerts(.alertResolved), nowWallMs: Self.nowMs)
        #expect(Self.names(memory.follow([], nowWallMs: Self.nowMs + Self.minuteMs)) == ["-CanaryErrorRate"])
        #expect(memory.follow([], nowWallMs: Self.nowMs + 16 * Self.minuteMs).isEmpty)
    }

    /// The end was never reported: the notification was dropped, or the release went away.
    @Test func whatDoesNotLastAnyMoreHasEnded() {
        var memory = AlertMemory()
        _ = memory.follow(Self.alerts(.alertFiring), nowWallMs: Self.nowMs)
        let over = memory.follow([], nowWallMs: Self.nowMs + Self.minuteMs)
        #expect(over.map(\.span) == [.ended(atWallMs: Self.nowMs + Self.minuteMs)])
    }

    @Test func whatFiresAgainIsNotSaidToHaveEnded() {
        var memory = AlertMemory()
        memory.note(Self.alerts(.alertResolved), nowWallMs: Self.nowMs)
        let firing = Self.alerts(.alertFiring, atWallMs: Self.nowMs + Self.minuteMs)
        #expect(Self.names(memory.follow(firing, nowWallMs: Self.nowMs + Self.minuteMs)) == ["+CanaryErrorRate"])
    }

    @Test func newsIsRepeatedUntilItsEnd() {
        var memory = AlertMemory()
        memory.note(Self.alerts(.rollbackHeld), nowWallMs: Self.nowMs)
        #expect(Self.names(memory.follow([], nowWallMs: Self.nowMs + 59 * Self.minuteMs)) == ["+RollguardRollbackHeld"])
        #expect(memory.follow([], nowWallMs: Self.nowMs + 61 * Self.minuteMs).isEmpty)
    }

    /// With Alertmanager's default `group_wait` of 30 s an alert that ends after 4 s is never sent.
    @Test func aRollbackLastsBeyondItsAcknowledgementUntilItIsRearmed() {
        #expect(Self.names(Self.alerts(.rollbackIntended)) == ["+RollguardRollback"])
        #expect(
            Self.names(Self.alerts(.rollbackAcknowledged)) == ["+RollguardRollback", "-RollguardRollbackAbandoned"])
        #expect(
            Self.names(Self.alerts(.rearmed)) == [
                "+RollguardRearmed", "-RollguardRollback", "-RollguardRollbackAbandoned",
            ])
        let fingerprints = [Self.alerts(.rollbackIntended), Self.alerts(.rollbackAcknowledged), Self.alerts(.rearmed)]
            .map { $0[0].fingerprint }
        #expect(Set(fingerprints).count == 1)
    }

    @Test func aReceiverOfChangesGetsTheEndWithTheAcknowledgement() {
        func changes(_ event: Model.Notification.Event) -> [String] {
            Self.names(AlertmanagerAlert.changes(.sample(event), externalURL: nil))
        }
        #expect(changes(.rollbackAcknowledged) == ["-RollguardRollback", "-RollguardRollbackAbandoned"])
        #expect(changes(.rearmed) == ["+RollguardRearmed"])
    }

    @Test func anEndIsNeverBeforeTheBeginning() {
        let alert = Self.alerts(.alertResolved, atWallMs: Self.nowMs)[0]
        var early = alert
        early.span = .ended(atWallMs: 5)
        let posted = PostedAlert(early, nowWallMs: Self.nowMs, lastsMs: 240_000)
        #expect(posted.endsAt == posted.startsAt)
    }
}
