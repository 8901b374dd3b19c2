/// Something that runs, and is set to what the baseline needs: scaled, or brought back to a version.
public struct WorkloadWork: Sendable, Equatable, Codable {
    /// What runs it; the raw value is the one in the configuration.
    public enum Tool: String, Sendable, Equatable, Codable, CaseIterable {
        /// A Deployment.
        case kubernetes
        /// A job.
        case nomad
        /// A unit.
        case systemd
        /// A playbook.
        case ansible
    }

    /// In it, `{baseline}` and `{canary}` are the versions.
    public typealias VersionedText = String

    public var tool: Tool
    /// Of `kubernetes` and `nomad`: where the API is.
    public var url: String?
    public var security: ClientSecurity
    public var namespace: String
    /// Of `kubernetes`.
    public var deployment: VersionedText?
    /// Of `kubernetes`: scales to so many.
    public var replicas: Int?
    /// Of `kubernetes`: goes back to this revision.
    public var revision: Int?
    /// Of `kubernetes`: goes back to the newest revision that has a container with this image.
    public var image: VersionedText?
    /// Of `nomad`.
    public var job: VersionedText?
    /// Of `nomad`: reverts to this version of the job.
    public var jobVersion: Int?
    /// Of `nomad`: fails the deployment that is under way.
    public var failsDeployment: Bool
    /// Of `systemd`.
    public var unit: VersionedText?
    /// Of `ansible`: absolute.
    public var playbook: String?
    public var inventory: String?
    public var limit: VersionedText?
    /// Of `ansible`: `-e` each.
    public var variables: [TextPair]
    public var environmentFile: String?
    /// Of `systemd` and `ansible`; nil for where Debian has it.
    public var program: String?
    /// Of `systemd` and `ansible`: a request that shows which version runs. Texts of it may have `{baseline}`.
    public var proof: HTTPProof?

    public init(tool: Tool = .kubernetes, url: String? = nil, security: ClientSecurity = ClientSecurity()) {
        self.tool = tool
        self.url = url
        self.security = security
        (namespace, failsDeployment, variables) = ("default", false, [])
    }

    /// Ansible shows nothing but what its own run did.
    public var hasProof: Bool { tool != .ansible || proof != nil }
}
