import Model
import Ports

/// The network between the daemon and everything that it talks to: how long it takes, what it loses, what is cut off.
///
/// Used on the world's thread alone.
final class Links: @unchecked Sendable {
    private let timeline: Timeline
    /// Per release: nothing reaches its routers, or its targets.
    var cutRouters: [Bool]
    var cutTargets: [Bool]
    private var lossPerMille: Int
    private var longestDelayMs: Int64
    /// Requests that wait for an answer.
    let answers = Waits<Result<HTTPResponse, TransportError>>()

    init(timeline: Timeline, swarm: Swarm, releases: Int) {
        self.timeline = timeline
        cutRouters = Array(repeating: false, count: releases)
        cutTargets = Array(repeating: false, count: releases)
        lossPerMille = swarm.lossPerMille
        longestDelayMs = swarm.longestDelayMs
    }

    /// Of one exchange; each read draws again.
    var delayMs: Int64 { timeline.dice.ms(1...longestDelayMs) }

    /// Whether one message is lost; each read draws again.
    var isLost: Bool { lossPerMille > 0 && timeline.dice.int(1...1_000) <= lossPerMille }

    /// From here on nothing is lost, late or cut off.
    func heal() {
        (lossPerMille, longestDelayMs) = (0, 20)
        for index in cutRouters.indices { (cutRouters[index], cutTargets[index]) = (false, false) }
    }
}
