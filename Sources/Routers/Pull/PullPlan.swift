import Declarations

/// A small HTTP server of the daemon's own, for routers that fetch their split instead of receiving it.
package struct PullPlan: Sendable, Equatable {
    package var host: String
    /// 0 is not possible: the router has to know it.
    package var port: Int
    /// The file that is served; Rollguard changes the weights in it, so that it is also what survives a restart.
    package var file: String

    package init(host: String, port: Int, file: String) {
        self.host = host
        self.port = port
        self.file = file
    }
}

extension PullPlan {
    /// `listen` and `file` of a router that fetches.
    static func settings<Root>(
        _ path: WritableKeyPath<Root, PullPlan>, _ folder: ConfigurationFolder
    ) -> [Setting<Root>] {
        [
            .required(
                "listen", path.appending(path: \.address), listen, "where Rollguard serves the file to the router"),
            .required(
                "file", path.appending(path: \.file), .weightedFile(folder),
                "what is served; Rollguard changes the weights in it"),
        ]
    }

    private static var listen: ValueForm<SocketAddress> {
        ValueForm(
            summary: "`host:port`", schema: .string(pattern: ":[0-9]+$"),
            read: { field in
                guard let text = field.line() else { return nil }
                do throws(AddressError) {
                    let address = try HostPort(text)
                    guard let port = address.port, port > 0 else {
                        throw AddressError(reason: "the router has to know the port, so it must be 1 to 65535")
                    }
                    return SocketAddress(host: address.host, port: port)
                } catch {
                    field.fail(
                        "'listen' must be an address such as 127.0.0.1:9413, got \(Quote.value(text)); \(error.reason)")
                    return nil
                }
            },
            write: { .text($0.text) })
    }

    fileprivate var address: SocketAddress {
        get { SocketAddress(host: host, port: port) }
        set { (host, port) = (newValue.host, newValue.port) }
    }
}
