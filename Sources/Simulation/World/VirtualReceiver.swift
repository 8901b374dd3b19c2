import Model
import Ports

/// A receiver, and what it got.
struct VirtualReceiver {
    enum Mood: String, CaseIterable {
        case up
        case down
        /// Takes it, but the answer comes after the limit.
        case slow
        case throttles
        /// 410: a dead letter.
        case gone
    }

    let name: String
    var mood = Mood.up
    private(set) var got: [Delivery] = []

    init(name: String) { self.name = name }

    mutating func post(_ delivery: Delivery) -> DeliveryOutcome {
        switch mood {
        case .up:
            got.append(delivery)
            return .delivered
        case .slow:
            got.append(delivery)
            return .retry(reason: "no answer in time", afterMs: nil)
        case .down: return .retry(reason: "connection refused", afterMs: nil)
        case .throttles: return .retry(reason: "429", afterMs: 3_000)
        case .gone: return .refused(reason: "410")
        }
    }
}
