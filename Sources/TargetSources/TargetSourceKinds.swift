package import Declarations
package import Model
package import Ports
import SourceCalls
package import SystemSupport

/// A kind of target source with what reads it. A new kind is a folder with such a type, its plan and its source, and a line
/// in ``TargetSourceKinds``.
package protocol RunningSourceKind: SourceKind {
    static func source(_ plan: Plan, _ setup: SourceSetup) -> any TargetSource
}

/// What sources are made of, beside their plan.
package struct SourceSetup: Sendable {
    /// Of the sources alone: what hangs here takes no connection from a scrape or a router call.
    package let transport: any HTTPTransport
    package let secrets: any SecretStore
    package let clock: any DaemonClock
    package let files: any TargetFiles
    /// Nil leaves the names in lists of targets to the transport.
    package let names: (any HostNames)?

    package init(
        transport: any HTTPTransport, secrets: any SecretStore, clock: any DaemonClock, files: any TargetFiles,
        names: (any HostNames)? = nil
    ) {
        self.names = names
        self.transport = transport
        self.secrets = secrets
        self.clock = clock
        self.files = files
    }
}

extension SourceSetup {
    /// For what asks servers.
    var calls: CallSetup { CallSetup(transport: transport, secrets: secrets, clock: clock) }
}

extension SourceServer {
    init(_ base: String, unixSocket: String? = nil, security: ClientSecurity = ClientSecurity(), setup: SourceSetup) {
        self.init(base, unixSocket: unixSocket, security: security, setup: setup.calls)
    }
}

/// All kinds of sources, in the order of the documentation.
package enum TargetSourceKinds {
    static let running: [any RunningSourceKind.Type] = [
        FileSourceKind.self, HTTPSourceKind.self, DNSSourceKind.self, ConsulSourceKind.self, EtcdSourceKind.self,
        KubernetesSourceKind.self, DockerSourceKind.self, NomadSourceKind.self, NacosSourceKind.self,
        EurekaSourceKind.self,
    ]

    /// For reading and describing configurations.
    package static var all: [any SourceKind.Type] { running }

    /// The source that a plan describes; nil for a kind that is in no configuration of this program.
    package static func source(_ plan: SourcePlan, _ setup: SourceSetup) -> (any TargetSource)? {
        running.lazy.compactMap { $0.make(plan, setup) }.first
    }
}

extension RunningSourceKind {
    /// Nil for a plan of another kind.
    fileprivate static func make(_ plan: SourcePlan, _ setup: SourceSetup) -> (any TargetSource)? {
        (plan.settings as? Plan).map { source($0, setup) }
    }
}
