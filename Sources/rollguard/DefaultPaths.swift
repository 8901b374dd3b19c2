import Foundation

/// Where things are when a command does not name them.
enum DefaultPaths {
    /// In the order in which they are tried.
    static let configurations = ["rollguard.yaml", "/etc/rollguard/rollguard.yaml"]

    /// The first configuration that is there.
    static var configuration: String? { configurations.first { FileManager.default.fileExists(atPath: $0) } }

    /// - Throws: a usage error when none is named and none is there.
    static func configuration(_ given: String?) throws -> String {
        if let path = given ?? configuration { return path }
        throw Failure.usage(
            "error: no configuration: there is neither \(configurations.joined(separator: " nor ")); name one, or write one "
                + "with `rollguard init`")
    }
}

/// What the environment says of the running daemon, for the commands that talk to it.
struct DaemonEnvironmentVariables {
    /// As `--address`.
    let address: String?
    /// As `--token-file`.
    let tokenFile: String?
    /// As `--ca-file`.
    let caFile: String?

    init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        address = value("ROLLGUARD_ADDRESS")
        tokenFile = value("ROLLGUARD_TOKEN_FILE")
        caFile = value("ROLLGUARD_CA_FILE")
    }
}
