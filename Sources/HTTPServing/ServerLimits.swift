package import HummingbirdCore
package import NIOCore

/// What every HTTP server of the project bounds on a connection.
package enum ServerLimits {
    static let headerBytes = 16 * 1024
    static let headerFields = 100
    /// How long a caller may take to accept a response.
    static let writeTimeout: TimeAmount = .seconds(60)
    /// How long a caller may continue to send a request that was answered before its end.
    static let unfinishedRequestTimeout: TimeAmount = .seconds(2)

    /// HTTP/1.1 with bounded heads and writes.
    ///
    /// - Parameter idleTimeout: a connection on which nothing is read or written for so long is closed.
    package static func http1(idleTimeout: TimeAmount) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                WriteDeadline(limit: writeTimeout), UnfinishedRequestLimit(limit: unfinishedRequestTimeout),
            ], idleTimeout: idleTimeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: headerBytes, maxHeaderListSize: headerBytes, maxHeaderFieldCount: headerFields))
    }
}
