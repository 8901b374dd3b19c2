import Foundation

extension GrayRouterConfiguration {
    /// A configuration has some hundred lines at most; a wrong path could be anything.
    private static let fileLimitBytes = 1 << 20

    /// Reads the JSON file of `rollguard router --config` and checks it.
    package static func load(path: String) throws(GrayRouterError) -> GrayRouterConfiguration {
        let bytes: [UInt8]
        do {
            bytes = try readSmallFile(path: path, limitBytes: fileLimitBytes)
        } catch {
            throw .configurationUnreadable(path: path, reason: error.reason)
        }
        let configuration: GrayRouterConfiguration
        do {
            configuration = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw .configurationInvalid(path: path, errors: [text(for: error)])
        }
        let errors = configuration.errors
        guard errors.isEmpty else { throw .configurationInvalid(path: path, errors: errors) }
        return configuration
    }
}
