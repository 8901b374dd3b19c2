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

    /// - Returns: nil when no answer comes in time.
    mutating func post(_ delivery: Delivery) -> Result<HTTPResponse, TransportError>? {
        switch mood {
        case .up:
            got.append(delivery)
            return .success(HTTPResponse(status: 204))
        case .slow:
            got.append(delivery)
            return nil
        case .down: return .failure(.connectFailed(address: name, reason: "connection refused"))
        case .throttles: return .success(HTTPResponse(status: 429, headers: [TextPair("Retry-After", "3")]))
        case .gone: return .success(HTTPResponse(status: 410))
        }
    }
}
