import NIOCore
import NIOHTTP1

/// What the data path holds at most.
enum ProxyLimits {
    /// Client connections; with at most one upstream connection each. More are closed as they come.
    static let clientConnections = 4_096
    /// Idle connections kept per server and event loop.
    static let idlePerBackend = 32
    /// An idle upstream connection is closed before most servers would close it (Node.js does after 5 s), because a
    /// request sent into a closing connection is lost.
    static let upstreamIdle = TimeAmount.seconds(4)
    /// The request target.
    static let targetBytes = 8_192
    /// Interim (1xx) answers before the final one.
    static let interimResponses = 16
    /// A client that still sends after its answer is read for this long and this much before the connection is closed:
    /// closing at once would reset it and could take the answer away from the client.
    static let lingering = TimeAmount.seconds(1)
    static let lingeringBytes = 1 << 20

    /// Heads of requests and responses.
    static var heads: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16_384
        limits.maxHeaderListSize = 32_768
        limits.maxHeaderFieldCount = 100
        return limits
    }
}
