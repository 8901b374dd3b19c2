import Declarations
import Model
import Ports

/// The running containers of a Docker engine, or of what answers like one.
struct DockerSourcePlan: SourceSettings {
    static let kind = "docker"

    /// `unix:///var/run/docker.sock`, or a URL.
    var address = "unix:///var/run/docker.sock"
    var labels: [String]?
    var port = 80
    var hostNetworkingHost = "localhost"
    var isFirstNetworkOnly = true
    var refreshMs: Int64 = 60_000
    var security = ClientSecurity()
}

enum DockerSourceKind: RunningSourceKind {
    typealias Plan = DockerSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<DockerSourcePlan> {
        Section(
            owner: "a docker source", blank: DockerSourcePlan(),
            settings: [
                .value("address", \.address, address, "the engine: a socket, or an http or https URL"),
                .optional(
                    "labels", \.labels, .lines(of: "labels"),
                    "labels that a container must have, as `app` or `app=checkout`; the engine filters by them"),
                .value("port", \.port, .integer(1...65_535), "of containers that publish or expose no TCP port"),
                .value(
                    "host_networking_host", \.hostNetworkingHost, .line(),
                    "the address of containers in the host's network, which have no ports of their own"),
                .value(
                    "match_first_network", \.isFirstNetworkOnly, .bool,
                    "take the first network, by name, of a container that is in several"),
                .value("refresh", \.refreshMs, .duration(1_000...86_400_000), "how often the engine is asked"),
            ] + Setting.security(\.security, folder))
    }

    private static var address: ValueForm<String> {
        ValueForm(
            summary: "`unix://PATH` or URL", schema: .string(pattern: "^(unix://|[hH][tT][tT][pP][sS]?://)"),
            read: { field in
                guard let text = field.line() else { return nil }
                guard text.hasPrefix("unix://") else { return field.baseURL() }
                guard text.hasPrefix("unix:///") else {
                    field.fail("\(field.label) must have an absolute path, such as unix:///var/run/docker.sock")
                    return nil
                }
                return text
            },
            write: { .text($0) })
    }

    static func source(_ plan: DockerSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        DockerSource(plan: plan, setup: setup)
    }
}
