/// Where a server listens.
package struct SocketAddress: Sendable {
    /// Without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with brackets around an IPv6 address.
    package var text: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
