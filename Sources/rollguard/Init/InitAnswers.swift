import Foundation

/// What the operator said, by options or on the terminal.
struct InitAnswers: Sendable {
    let baseline: [String]
    let canary: [String]
    let router: (kind: RouterQuestion.Kind, address: String)?
    let servers: (baseline: [String], canary: [String])?
    /// Of Traefik: the file that has the weights.
    let file: String?
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
        let mayAsk = isatty(STDIN_FILENO) == 1 && (command.baseline == nil || command.canary == nil)
        baseline = try Self.targets(command.baseline, "baseline", "Targets of the old version", mayAsk)
        canary = try Self.targets(command.canary, "canary", "Targets of the new version", mayAsk)
        router = named.first ?? (mayAsk ? Self.askRouter() : nil)
        servers = try Self.servers(command)
        file = command.traefikFile
        name = command.name
        baselineVersion = command.baselineVersion
        canaryVersion = command.canaryVersion
    }

    private static func routers(_ command: InitCommand) -> [(kind: RouterQuestion.Kind, address: String)] {
        let named: [(RouterQuestion.Kind, String?)] = [
            (.haproxy, command.haproxy), (.caddy, command.caddy), (.envoy, command.envoy), (.gray, command.gray),
            (.nginx, command.nginx), (.traefik, command.traefik),
        ]
        return named.compactMap { kind, address in
            address.map { (kind, kind == .haproxy || $0.contains("://") ? $0 : "http://" + $0) }
        }
    }

    private static func servers(_ command: InitCommand) throws -> (baseline: [String], canary: [String])? {
        switch (command.baselineServers, command.canaryServers) {
        case (nil, nil): return nil
        case (let old?, let new?): return (list(old), list(new))
        default: throw Failure.usage("error: --baseline-servers and --canary-servers belong together")
        }
    }

    private static func targets(
        _ given: String?, _ option: String, _ question: String, _ mayAsk: Bool
    ) throws -> [String] {
        let text = given ?? (mayAsk ? ask("\(question) (HOST:PORT, HOST:PORT ...): ") : nil)
        let found = list(text ?? "")
        guard !found.isEmpty else {
            throw Failure.usage("error: --\(option) HOST:PORT,... names the targets of that version")
        }
        return found
    }

    private static func askRouter() -> (kind: RouterQuestion.Kind, address: String)? {
        let kinds = RouterQuestion.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let kind = RouterQuestion.Kind(rawValue: ask("Router (\(kinds); empty for none): ") ?? "") else {
            return nil
        }
        let usual = kind == .haproxy ? "/run/haproxy/admin.sock" : "http://127.0.0.1"
        let answer = ask(kind == .haproxy ? "Runtime socket [\(usual)]: " : "Its admin address, with the port: ") ?? ""
        let address = answer.isEmpty ? usual : answer
        return (kind, kind == .haproxy || address.contains("://") ? address : "http://" + address)
    }

    private static func ask(_ question: String) -> String? {
        FileHandle.standardError.write(Data(question.utf8))
        return readLine()?.trimmingCharacters(in: .whitespaces)
    }

    private static func list(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }
}
