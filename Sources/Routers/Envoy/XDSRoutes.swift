import Synchronization

/// The routes for Envoys that poll (REST xDS, `POST /v3/discovery:routes`), made of a file at each poll.
///
/// The version is made of the file's text. An Envoy that asks with the version of a text has taken that text over; one
/// that rejects it continues to ask with the old version, and says why.
///
/// Source: Envoy's manual, "xDS REST and gRPC protocol", REST endpoints.
final class XDSRoutes: ServedDocument {
    static let path = "/v3/discovery:routes"
    static let typeURL = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"

    /// A node's last poll.
    struct Poll: Sendable {
        /// What it holds; empty before it has taken anything over.
        var version: String
        /// Why it did not take the last answer.
        var rejection: String?
        var at: ContinuousClock.Instant
        /// Between its last two polls.
        var gap: Duration = .zero

        /// What a node holds that has missed several polls is unknown.
        var isStale: Bool { at.duration(to: .now) > max(.seconds(10), gap * 3) }
    }

    let file: String

    private struct State {
        var polls: [String: Poll] = [:]
        /// Texts that were served, by version, oldest first.
        var texts: [(version: String, text: String)] = []
    }

    private let state = Mutex(State())
    private static let nodeLimit = 1_000
    private static let textLimit = 32

    init(file: String) { self.file = file }

    func poll(of node: String) -> Poll? { state.withLock { $0.polls[node] } }

    /// The text of a version; nil for one that was not served in this process.
    func text(_ version: String) -> String? {
        state.withLock { state in state.texts.last { $0.version == version }?.text }
    }

    /// A file's text becomes known by being served or by being written.
    func remember(_ text: String) -> String {
        let version = XDSRoutes.version(of: text)
        state.withLock { state in
            guard !state.texts.contains(where: { $0.version == version }) else { return }
            state.texts.append((version, text))
            if state.texts.count > XDSRoutes.textLimit { state.texts.removeFirst() }
        }
        return version
    }

    func answer(_ request: PullRequest) -> PullAnswer {
        guard request.method == "POST", let asked = try? JSONParser.parse(request.body) else {
            return .text(400, "this is for Envoy: POST a DiscoveryRequest as JSON")
        }
        note(asked)
        do throws(Refusal) {
            let text = try WeightedFile.text(file)
            let version = remember(text)
            if asked["version_info"]?.text == version { return PullAnswer(status: 304) }
            let resources = try XDSRoutes.resources(
                text, names: asked["resource_names"]?.items.compactMap(\.text) ?? [])
            let answer = JSONValue.object([
                JSONMember(name: "version_info", value: .text(version)),
                JSONMember(name: "type_url", value: .text(XDSRoutes.typeURL)),
                JSONMember(name: "resources", value: .list(resources)),
            ])
            return PullAnswer(status: 200, contentType: "application/json", body: Array(answer.encoded.utf8))
        } catch {
            // Envoy keeps what it has.
            return .text(503, ShownText.line("\(file): \(error.detail)"))
        }
    }

    private func note(_ asked: JSONValue) {
        let node = asked[path: "node", "id"]?.text ?? ""
        let rejection = asked[path: "error_detail", "message"]?.text.map { ShownText.line($0, limit: 300) }
        let now = ContinuousClock.now
        state.withLock { state in
            let before = state.polls[node]
            guard before != nil || state.polls.count < XDSRoutes.nodeLimit else { return }
            state.polls[node] = Poll(
                version: asked["version_info"]?.text ?? "", rejection: rejection, at: now,
                gap: before.map { $0.at.duration(to: now) } ?? .zero)
        }
    }

    /// The route tables in a text: a table alone, or a list under `resources` as in a file for `path_config_source`.
    static func resources(_ text: String, names: [String]) throws(Refusal) -> [JSONValue] {
        let document = try YAMLAsJSON.document(text)
        let tables = document["resources"]?.items ?? [document]
        let known = tables.filter { $0["virtual_hosts"] != nil }
        guard !known.isEmpty else {
            throw Refusal(.rejected, "the file has no route table (a name and virtual_hosts)")
        }
        return known.filter { names.isEmpty || names.contains($0["name"]?.text ?? "") }.map { table in
            guard table["@type"] == nil, case .object(let members) = table else { return table }
            return .object([JSONMember(name: "@type", value: .text(typeURL))] + members)
        }
    }

    /// FNV-1a over 64 bits: it is no protection against attacks, it only has to differ.
    static func version(of text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return "rollguard-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
