import Model
import Ports
import Testing

@testable import Notifications

private typealias Event = Model.Notification.Event

/// Deliveries of releases, in the order of the queue, a second apart.
private func queue(_ list: [(release: String, event: Event)], atWallMs: Int64 = 1_700_000_000_000) -> [Delivery] {
    list.enumerated().map { index, entry in
        var notification = Model.Notification.sample(entry.event, atWallMs: atWallMs + Int64(index) * 1_000)
        notification.alert?.labels = []
        (notification.release, notification.sequence) = (entry.release, UInt64(index + 1))
        notification.incident = entry.event == .alertFiring ? nil : "\(entry.release)-1"
        return Delivery(id: "j-\(index + 1)-chat", receiver: "chat", notification: notification)
    }
}

@Suite("Groups of deliveries")
struct DeliveryGroupTests {
    private static func ids(_ waiting: [Delivery]) -> [String] {
        DeliveryGroup(waiting) { _ in true }.members.map(\.id)
    }

    @Test func theSameEventOfSeveralReleasesIsOneMessage() {
        var waiting = queue([("a", .rolloutBegun), ("b", .rolloutBegun), ("c", .rolloutBegun)])
        waiting[1].notification.summary = "b: begun"
        let message = DeliveryGroup(waiting) { _ in true }.message
        #expect(message.id == "j-1-chat+2-3")
        let content = MessageContent(message.notification, externalURL: "https://r.example")
        #expect(content.headline == "3 releases: Rollout begun" && content.summary == "a, b, c")
        #expect(content.facts[1].value == "begun", "the name is not repeated")
        #expect(content.facts.map(\.name) == ["a", "b", "c"] && content.link == "https://r.example/")
        #expect(content.footer == "releases a, b, c")
    }

    /// Only what is the first one of its release joins: no end is reported before its beginning.
    @Test func theOrderOfEachReleaseIsKept() {
        let waiting = queue([
            ("a", .rolloutEnded), ("b", .rolloutBegun), ("b", .rolloutEnded), ("a", .rolloutEnded),
            ("c", .rolloutEnded),
        ])
        #expect(Self.ids(waiting) == ["j-1-chat", "j-5-chat"])
    }

    @Test func aReceiverThatReportsEachByItselfGetsOne() {
        let waiting = queue([("a", .rolloutBegun), ("b", .rolloutBegun)])
        #expect(DeliveryGroup(waiting) { _ in false }.members.count == 1)
        #expect(DeliveryGroup(waiting) { $0.release == "a" }.members.count == 1)
        #expect(DeliveryGroup(waiting) { _ in false }.message == waiting[0])
    }

    @Test func aMessageHasABound() {
        let waiting = queue((0..<50).map { ("r\($0)", .rolloutBegun) })
        #expect(Self.ids(waiting).count == DeliveryGroup.limit)
    }

    /// The wait of a queue's head, with a `group_wait` of 30 s and nothing older than now.
    @Test(
        arguments: [
            ([("a", Model.Notification.Event.rolloutBegun)], 30_000), ([("a", .rollbackIntended)], 2_000),
            ([("a", .rollbackAbandoned)], 0), ([("a", .rollbackHeld)], 0),
            // What is urgent is not held up by what waits before it.
            ([("a", .rolloutBegun), ("b", .rollbackIntended)], 2_000),
            ([("a", .rolloutBegun), ("b", .rollbackIntended), ("a", .rollbackAbandoned)], 0),
        ] as [([(String, Model.Notification.Event)], Int64)])
    func whatIsUrgentWaitsForNothing(_ list: [(String, Model.Notification.Event)], _ restMs: Int64) {
        let waiting = queue(list.map { (release: $0.0, event: $0.1) })
        #expect(DeliveryGroup.restMs(waiting, waitMs: 30_000) { _ in 0 } == restMs)
        #expect(DeliveryGroup.restMs(waiting, waitMs: 30_000) { _ in 30_000 } == 0)
    }
}
