import Foundation

/// What the operator said, by options or on the terminal.
struct InitAnswers: Sendable {
    let baseline: [String]
    let canary: [String]
    let router: (kind: RouterQuestion.Kind, address: String)?
    let servers: (baseline: [String], canary: [String])?
    /// Of Traefik and Envoy: the file that has the weights, as a whole path.
    let file: String?
    /// Of nginx: the program and its arguments.
    let nginxCommand: [String]
    let name: String?
    let baselineVersion: String?
    let canaryVersion: String?

    /// - Throws: a usage error when targets are missing and there is no terminal to ask on, or several routers are named.
    init(_ command: InitCommand) throws {
        let named = Self.routers(command)
        guard named.count <= 1 else {
            throw Failure.usage(
                "error: give one router, not --\(named.map(\.kind.rawValue).joined(separator: " and --"))")
        }
        servers = try Self.servers(command)
        nginxCommand = try Self.nginxCommand(command)
        let prompt = isatty(STDIN_FILENO) == 1 ? InitPrompt() : nil
        baseline = try Self.targets(command.baseline, "baseline", prompt)
        canary = try Self.targets(command.canary, "canary", prompt)
        router = try named.first ?? prompt?.router()
        file = try Self.file(command, router?.kind, prompt)
        name = command.name
        baselineVersion = command.baselineVersion
        canaryVersion = command.canaryVersion
    }

    private static func routers(_ command: InitCommand) -> [(kind: RouterQuestion.Kind, address: String)] {
        let named: [(RouterQuestion.Kind, String?)] = [
            (.haproxy, command.haproxy), (.caddy, command.caddy), (.envoy, command.envoy), (.gray, command.gray),
            (.nginx, command.nginx), (.traefik, command.traefik),
        ]
        return named.compactMap { kind, address in address.map { (kind, kind.address($0)) } }
    }

    private static func servers(_ command: InitCommand) throws -> (baseline: [String], canary: [String])? {
        switch (command.baselineServers, command.canaryServers) {
        case (nil, nil): return nil
        case (let old?, let new?): return (list(old), list(new))
        default: throw Failure.usage("error: --baseline-servers and --canary-servers belong together")
        }
    }

    private static func nginxCommand(_ command: InitCommand) throws -> [String] {
        guard let text = command.nginxCommand else { return RouterQuestion.usualNginx }
        let parts = list(text, separators: " ")
        guard parts.first?.hasPrefix("/") == true else {
            throw Failure.usage(
                "error: --nginx-command begins with the program's whole path, such as '/usr/sbin/nginx -c "
                    + "/etc/nginx/nginx.conf'")
        }
        return parts
    }

    private static func targets(_ given: String?, _ option: String, _ prompt: InitPrompt?) throws -> [String] {
        let found = try given.map { list($0) } ?? prompt?.targets(option) ?? []
        guard !found.isEmpty else {
            throw Failure.usage("error: --\(option) HOST:PORT,... names the targets of that version")
        }
        return found
    }

    /// Only Traefik has to be asked for: Envoy's runtime needs no file.
    private static func file(
        _ command: InitCommand, _ kind: RouterQuestion.Kind?, _ prompt: InitPrompt?
    ) throws -> String? {
        let given =
            switch kind {
            case .traefik: try command.traefikFile ?? prompt?.traefikFile()
            case .envoy: command.envoyFile
            default: nil as String?
            }
        return given.map { URL(fileURLWithPath: $0).standardized.path }
    }

    static func list(_ text: String, separators: String = ", ") -> [String] {
        text.split { separators.contains($0) }.map(String.init)
    }
}

extension RouterQuestion.Kind {
    /// As the configuration writes it: a whole path for a socket of HAProxy, a URL for the others.
    func address(_ given: String) -> String {
        guard self == .haproxy else { return given.contains("://") ? given : "http://" + given }
        let isHostAndPort = given.wholeMatch(of: /[^\/]+:[0-9]{1,5}/) != nil
        return isHostAndPort ? given : URL(fileURLWithPath: given).standardized.path
    }
}
