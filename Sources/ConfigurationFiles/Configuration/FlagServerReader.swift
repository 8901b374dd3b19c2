import Declarations
import Model

/// `flags`: a file of feature flags that the daemon serves.
struct FlagServerReader {
    let folder: ConfigurationFolder

    var form: ValueForm<FlagServerPlan> { section.form(hasOwnTable: true) }

    var section: Section<FlagServerPlan> {
        Section(
            owner: "'flags'", blank: FlagServerPlan(),
            settings: [
                .required(
                    "listen", \.address, Self.listen,
                    "where applications get the flags, by gRPC, HTTP and OFREP; without TLS and without a token, so it is "
                        + "for a network of one's own"),
                .required(
                    "file", \.file, .wholePath(folder),
                    "the flags, a document of flagd; a step with `provider: flagd_file` and the same file sets them"),
            ])
    }

    private static var listen: ValueForm<SocketAddress> {
        ValueForm(
            summary: "`host:port`", schema: .string(pattern: ":[0-9]+$"),
            read: { field in
                guard let text = field.line() else { return nil }
                do throws(AddressError) {
                    let address = try HostPort(text)
                    guard let port = address.port, port > 0 else {
                        throw AddressError(reason: "applications have to know the port, so it must be 1 to 65535")
                    }
                    return SocketAddress(host: address.host, port: port)
                } catch {
                    field.fail(
                        "\(field.label) must be an address such as 127.0.0.1:9414, got \(Quote.value(text)); "
                            + error.reason)
                    return nil
                }
            },
            write: { .text($0.text) })
    }
}

extension FlagServerPlan {
    fileprivate var address: SocketAddress {
        get { SocketAddress(host: host, port: port) }
        set { (host, port) = (newValue.host, newValue.port) }
    }
}
