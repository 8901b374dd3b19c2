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
    /// Of Traefik and Envoy: the file that has the weights.
    var file: String?
    /// Of nginx: the program and its arguments.
    var command: [String] = Self.usualNginx
    /// The release's name, where the operator gave one.
    var release: String?

    static let usualNginx = ["/usr/sbin/nginx"]

    func proposal(transport: any HTTPTransport) async -> RouterProposal {
        switch kind {
        case .gray:
            return RouterProposal(
                lines: ["kind: gray", "instances: [\(YAMLText.quoted(address))]"], isComplete: true,
                remarks: ["a token, when the router wants one: auth: {bearer_file: PATH}"])
        case .nginx: return await nginx(transport)
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
        case .caddy: return caddy(match, found)
        case .traefik: return traefik(match, found)
        case .envoy: return envoy(match, found)
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

    func undecided(_ survey: RouterSurvey, _ matches: [PoolMatch]) -> RouterProposal {
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

    func failed(_ reason: String) -> RouterProposal {
        RouterProposal(
            lines: ["kind: \(kind.rawValue)", "# Not found out: \(YAMLText.comment(reason))"], isComplete: false,
            remarks: [reason])
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
