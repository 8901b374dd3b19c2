/// The settings of a kind of configuration centre: what its reader has to know.
public protocol CentreSettings: Sendable, Equatable {
    /// The `kind` in the configuration.
    static var kind: String { get }
    /// What precedes the path of a file of the centre in messages: `etcd:/rollguard/v1/`. Ends with a slash.
    var label: String { get }
    /// How long a start waits for the centre, milliseconds.
    var startupWaitMs: Int64 { get set }
    /// The folder that files with secrets and certificates have to be in when the centre names them.
    var secretsDirectory: String { get set }
    /// Plain HTTP to another host is meant.
    var isInsecure: Bool { get set }
    /// Its servers, as the configuration names them.
    var servers: [String] { get }
}

extension CentreSettings {
    fileprivate func isEqual(to other: any CentreSettings) -> Bool { other as? Self == self }
}

/// The configuration centre that holds releases, rules and receivers beside the configuration file. The kernel never
/// reads the settings.
public struct CentrePlan: Sendable, Equatable {
    public let settings: any CentreSettings

    public init(_ settings: any CentreSettings) { self.settings = settings }

    /// The `kind` in the configuration.
    public var kind: String { type(of: settings).kind }
    /// See ``CentreSettings/label``.
    public var label: String { settings.label }
    /// See ``CentreSettings/startupWaitMs``.
    public var startupWaitMs: Int64 { settings.startupWaitMs }
    /// See ``CentreSettings/secretsDirectory``.
    public var secretsDirectory: String { settings.secretsDirectory }

    public static func == (left: CentrePlan, right: CentrePlan) -> Bool { left.settings.isEqual(to: right.settings) }
}
