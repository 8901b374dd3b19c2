/// `flags` of the configuration: a file of feature flags that the daemon serves to applications.
public struct FlagServerPlan: Sendable, Equatable, Codable {
    public var host: String
    /// 1 to 65535: applications have to know it.
    public var port: Int
    /// Absolute; a document of flagd (flagd.dev, flag definitions).
    public var file: String

    public init(host: String = "", port: Int = 0, file: String = "") {
        self.host = host
        self.port = port
        self.file = file
    }
}
