import Foundation

/// The daemon that ships, a scripted world around it, and what an operator sees of it.
final class Situation {
    let web: ScriptedWeb
    let address: String
    let folder: URL
    let daemon: Executable
    private var api = ""

    /// Starts the daemon with one release, `checkout`, whose baseline is scraped at `/b` and whose canary at `/c`.
    ///
    /// - Parameters:
    ///   - indicators, rules: YAML, as in a configuration.
    ///   - baseline, canary: what is in the pools' braces behind the version; nil is one target.
    ///   - release, top: further lines of the release, and of the file.
    init(
        _ web: ScriptedWeb, indicators: String, rules: String, baseline: String? = nil, canary: String? = nil,
        scrape: String = "{interval: 200ms, timeout: 150ms}", release: String = "", top: String = "",
        environment: [String: String] = [:]
    ) async throws {
        self.web = web
        address = try await web.start()
        folder = try Scratch.folder("situation")
        let text = """
            state: \(folder.path)/state
            listen: 127.0.0.1:0
            \(top.replacing("ADDRESS", with: address))
            releases:
              - name: checkout
                scrape: \(scrape)
                pools:
                  baseline: {version: v1, \(Self.pool(baseline, "/b", address))}
                  canary:   {version: v2, \(Self.pool(canary, "/c", address))}
                indicators: \(indicators)
                router: {kind: gray, instances: ["http://\(address)"]}
                \(release.replacing("ADDRESS", with: address))
                rules:
                  - name: situation
                    rules:
                      - \(rules)

            """
        let path = folder.appendingPathComponent("rollguard.yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        daemon = try Executable(["run", "--config", path], folder: folder, environment: environment)
    }

    private static func pool(_ text: String?, _ path: String, _ address: String) -> String {
        text?.replacing("ADDRESS", with: address)
            ?? #"targets: [{address: "http://\#(address)\#(path)", instance: "\#(path.dropFirst())"}]"#
    }

    // MARK: what is seen

    /// `/api/v1/releases/checkout` as it is sent.
    func document() async throws -> String { try await get("/api/v1/releases/checkout") }

    /// An answer of the API; empty before it listens.
    func get(_ path: String) async throws -> String {
        if api.isEmpty {
            guard let match = daemon.text.firstMatch(of: /the API listens on ([0-9.:]+)/) else { return "" }
            api = String(match.1)
        }
        guard let url = URL(string: "http://\(api)\(path)") else { return "" }
        return try await HTTP.send("GET", url).text
    }

    struct Release: Decodable {
        struct Rule: Decodable {
            struct Side: Decodable {
                let value: Double?
                let requests: Double?
            }
            let name: String
            let verdict: String?
            let alert: String
            let reason: String?
            let notes: [String]
            let canary: Side?
            let baseline: Side?
        }
        let phase: String
        let explanation: String
        let cycles: Int
        let rules: [Rule]
    }

    func release() async throws -> Release {
        try JSONDecoder().decode(Release.self, from: Data(try await document().utf8))
    }

    /// The newest incident with its timeline as the API shows it; empty before there is one.
    func incident() async throws -> String {
        guard let list = URL(string: "http://\(api)/api/v1/incidents") else { return "" }
        guard let first = try await HTTP.send("GET", list).text.firstMatch(of: /"id":"([^"]+)"/) else { return "" }
        return try await HTTP.send("GET", list.appendingPathComponent(String(first.1))).text
    }

    /// Waits until the daemon has finished so many scrape cycles.
    func cycles(_ count: Int) async -> Bool { await eventually { try await release().cycles >= count } }

    /// Everything an operator could have read: the release as the API shows it, and the log.
    func everythingShown() async throws -> String { try await document() + "\n" + daemon.text }

    func stop() async {
        await daemon.kill9()
        await web.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
