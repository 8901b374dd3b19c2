import NIOCore
import NIOHTTP1
import Synchronization

/// One instance of one version: a real HTTP server on loopback that answers every path with
/// `ok from <version> <instance>` after 5 to 20 ms, and shows its counts on `/metrics`. The answer's `X-Demo-Version`
/// contains the version; a request with `X-Demo-Delay-Ms` is answered that much later (at most a minute).
package final class DemoService: Sendable {
    private let behaviour: ServiceBehaviour
    private let server = Mutex<LoopbackServer?>(nil)

    /// A service that is not listening yet. The same seed draws the same delays and failures in the same order.
    ///
    /// - Parameter expositionDelayMs: the exposition is rendered so long after it was asked for, and has the counts of that
    ///   moment: an exporter that gathers slowly.
    package init(
        version: String, instance: String, fault: DemoFault, seed: UInt64, expositionDelayMs: Int = 0
    ) {
        behaviour = ServiceBehaviour(
            version: version, instance: instance, fault: fault, seed: seed, expositionDelayMs: expositionDelayMs)
    }

    /// Listens, and returns `127.0.0.1:port`.
    ///
    /// - Parameter port: 0 lets the system choose.
    package func start(port: Int = 0) async throws -> String {
        let behaviour = behaviour
        let started = try await LoopbackServer.start(port: port) { pipeline in
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
            try pipeline.addHandler(ServiceHandler(behaviour: behaviour))
        }
        let previous = server.withLock { server in
            defer { server = started }
            return server
        }
        await previous?.stop()
        return started.address
    }

    /// Closes the listener and all connections. May be called more than once.
    package func stop() async {
        let running = server.withLock { server in
            defer { server = nil }
            return server
        }
        await running?.stop()
    }

    /// How many requests, without those for `/metrics`, came in after that time (milliseconds since 1970). Of the last
    /// 50 000 requests.
    package func requestsArrived(afterWallMs wallMs: Int64) async -> Int { behaviour.arrivals(afterWallMs: wallMs) }

    /// Those of the named requests (`X-Demo-Request`) that came in. Of the last 50 000 requests.
    package func requestsSeen(of names: Set<String>) async -> Set<String> { behaviour.seen(of: names) }

    /// Changes what is wrong from the next request on. `.crash` closes everything before it returns.
    package func setFault(_ fault: DemoFault) async {
        behaviour.setFault(fault)
        if fault == .crash { await stop() }
    }
}
