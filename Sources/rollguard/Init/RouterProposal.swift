import HTTPClient
import Ports
import Routers

/// The `router` of a new configuration.
struct RouterProposal: Sendable {
    /// Lines of YAML below `router:`, without indentation.
    let lines: [String]
    /// Nothing has to be filled in.
    let isComplete: Bool
    /// The backend's name, for the release.
    var name: String?
    /// What was found, and what could not be.
    var remarks: [String] = []
}

/// Asks a router what it has and proposes how to drive it.
struct RouterQuestion: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case haproxy, caddy, envoy, gray, nginx, traefik
    }

    let kind: Kind
    /// The runtime socket of HAProxy, the admin address of the others.
    let address: String
    let pools: PoolMatch.Pools
    /// Of Traefik: the file that has the weights.
    var file: String?

    func proposal(transport: any HTTPTransport) async -> RouterProposal {
        switch kind {
        case .gray:
            return RouterProposal(
                lines: ["kind: gray", "instances: [\(YAMLText.quoted(address))]"], isComplete: true,
                remarks: ["a token, when the router wants one: auth: {bearer_file: PATH}"])
        case .nginx: return nginx
        case .haproxy, .caddy, .envoy, .traefik: break
        }
        do throws(RouterSurveyError) {
            let survey = try await survey(transport)
            let matches = PoolMatch.all(in: survey, for: pools)
            guard matches.count == 1 else { return undecided(survey, matches) }
            return proposal(matches[0])
        } catch { return failed("\(error)") }
    }

    private func survey(_ transport: any HTTPTransport) async throws(RouterSurveyError) -> RouterSurvey {
        switch kind {
        case .caddy: try await .caddy(address, transport: transport, secrets: SystemSecretStore())
        case .envoy: try await .envoy(address, transport: transport, secrets: SystemSecretStore())
        case .traefik: try await .traefik(address, transport: transport, secrets: SystemSecretStore())
        default: try await .haproxy(address)
        }
    }

    private func proposal(_ match: PoolMatch) -> RouterProposal {
        let found =
            "\(match.group.name ?? "a handler without a name"): \(match.baseline.joined(separator: ", ")) and "
            + match.canary.joined(separator: ", ")
        switch kind {
        case .caddy where match.group.name == nil:
            return unnamed(match)
        case .caddy:
            return RouterProposal(
                lines: [
                    "kind: caddy", "instances: [\(YAMLText.quoted(address))]",
                    "id: \(YAMLText.quoted(match.group.name ?? ""))", "upstreams: \(YAMLText.pools(match))",
                ], isComplete: true, name: match.group.name, remarks: [found])
        case .traefik: return traefik(match, found)
        case .envoy:
            guard let prefix = match.group.runtimePrefix else {
                return failed("the route of \(found) has no runtime_key_prefix; give it one, or use 'file' or 'xds'")
            }
            return RouterProposal(
                lines: [
                    "kind: envoy", "instances: [\(YAMLText.quoted(address))]",
                    "clusters: {baseline: \(YAMLText.quoted(match.baseline[0])), "
                        + "canary: \(YAMLText.quoted(match.canary[0]))}",
                    "runtime: {prefix: \(YAMLText.quoted(prefix))}",
                ], isComplete: true, remarks: [found])
        default:
            return RouterProposal(
                lines: [
                    "kind: haproxy", "socket: \(YAMLText.quoted(address))",
                    "backend: \(YAMLText.quoted(match.group.name ?? ""))", "servers: \(YAMLText.pools(match))",
                    "# true when clients hold a cookie that leads to a server",
                    "sticky: false",
                ], isComplete: true, name: match.group.name, remarks: [found])
        }
    }

    private func unnamed(_ match: PoolMatch) -> RouterProposal {
        RouterProposal(
            lines: [
                "kind: caddy", "instances: [\(YAMLText.quoted(address))]",
                "# Give the reverse_proxy handler an \"@id\" in Caddy's configuration, and write it here.",
                "# id: checkout", "upstreams: \(YAMLText.pools(match))",
            ], isComplete: false, remarks: ["Caddy's handler of these servers has no \"@id\", by which it is changed"])
    }

    private func undecided(_ survey: RouterSurvey, _ matches: [PoolMatch]) -> RouterProposal {
        let groups = survey.groups.prefix(20).map { group in
            "\(group.name ?? "(no name)"): "
                + group.servers.prefix(10).map { "\($0.name) (\($0.addresses.joined(separator: ", ")))" }
                .joined(separator: ", ")
        }
        let why =
            matches.isEmpty
            ? "no server has an address of the targets in both pools"
            : "\(matches.count) of its groups have servers of both pools"
        let advice = "name the servers with --baseline-servers and --canary-servers"
        return RouterProposal(
            lines: ["kind: \(kind.rawValue)", "# What the router has:"] + groups.map { "#   \($0)" }, isComplete: false,
            remarks: ["\(why); \(advice)"] + groups)
    }

    private func failed(_ reason: String) -> RouterProposal {
        RouterProposal(
            lines: ["kind: \(kind.rawValue)", "# Not found out: \(YAMLText.comment(reason))"], isComplete: false,
            remarks: [reason])
    }

    private var nginx: RouterProposal {
        RouterProposal(
            lines: [
                "kind: nginx",
                "# Rollguard writes this file; nginx's configuration has to include it and to serve its state:",
                "#   include /etc/nginx/rollguard/checkout.conf;",
                "#   location = /.rollguard/checkout { return 200 \"$rollguard_checkout\"; }",
                "include: /etc/nginx/rollguard/checkout.conf", "state_url: \(YAMLText.quoted(address))",
                "upstream:", "  name: checkout",
                "  # The addresses that nginx sends requests to, if metrics have another port.",
                "  servers: {baseline: \(YAMLText.list(pools.baseline)), canary: \(YAMLText.list(pools.canary))}",
            ], isComplete: false,
            remarks: [
                "nginx cannot be asked for its upstreams; docs/tutorials/nginx.md shows the lines that it needs"
            ])
    }

    private func traefik(_ match: PoolMatch, _ found: String) -> RouterProposal {
        let lines = [
            "kind: traefik", "instances: [\(YAMLText.quoted(address))]",
            "service: \(YAMLText.quoted(match.group.name ?? ""))",
            "services: {baseline: \(YAMLText.quoted(match.baseline[0])), canary: \(YAMLText.quoted(match.canary[0]))}",
        ]
        if let file { return done(lines + ["file: \(YAMLText.quoted(file))"], name: match.group.name, found) }
        return RouterProposal(
            lines: lines + [
                "# The file of Traefik's file provider that has the weights; for other providers see docs/reference/routers.md.",
                "# file: /etc/traefik/dynamic/checkout.yaml",
            ], isComplete: false, name: match.group.name,
            remarks: [found, "which file has the weights cannot be asked; --traefik-file names it"])
    }

    private func done(_ lines: [String], name: String? = nil, _ found: String) -> RouterProposal {
        RouterProposal(lines: lines, isComplete: true, name: name, remarks: [found])
    }
}

/// Values as YAML that no reader takes for something else.
enum YAMLText {
    static func quoted(_ text: String) -> String {
        let escaped = text.map { character -> String in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case _ where character.isNewline || character == "\t": " "
            default: String(character)
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// In single quotes, which keep a selector as it is.
    static func selector(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

    static func list(_ texts: [String]) -> String { "[\(texts.map(quoted).joined(separator: ", "))]" }

    static func pools(_ match: PoolMatch) -> String {
        "{baseline: \(list(match.baseline)), canary: \(list(match.canary))}"
    }

    /// On one line, whatever a router answered.
    static func comment(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }.prefix(300))
    }
}
