import Model
import Ports
import SourceCalls
import Synchronization

/// Reads configurations of a group in Nacos, and waits for a change with the long poll of the first version of the API.
///
/// The digest that the poll compares is the server's own: one that is made here differs for what the server stores in
/// another way, and the poll would return at once for ever. After a change a server may still answer with the old text for
/// a moment, because it writes its copies later.
final class NacosCentre: Centre {
    private static let retryMs: Int64 = 1_000
    /// After a notification, until the text is another one.
    private static let rereadMs: [Int64] = [200, 1_000, 5_000]
    /// The server answers a poll at the least this long before its end.
    private static let leastPollMs: Int64 = 10_000

    private struct Answer: Decodable {
        struct Text: Decodable {
            let content: String?
            let md5: String?
        }

        let code: Int
        let message: String?
        let data: Text?
    }

    private struct Found {
        var text: [UInt8]
        var md5: String
    }

    let plan: NacosCentrePlan
    private let setup: CallSetup
    private let server: SourceServer
    private let session: NacosSession
    /// The server's digests of the last reading, by data id.
    private let known = Mutex<[String: String]>([:])
    /// Reported as changed, and not read as another text yet.
    private let reported = Mutex(false)

    init(plan: NacosCentrePlan, setup: CallSetup) {
        self.plan = plan
        self.setup = setup
        var security = plan.security
        // The token is a parameter; the server takes no basic credentials.
        security.authorization = nil
        var password: SecretReference?
        if case .basic(_, let reference) = plan.security.authorization { password = reference }
        server = SourceServer(plan.address, security: security, masking: password, setup: setup)
        session = NacosSession(plan: plan, server: server, setup: setup)
    }

    var label: String { plan.label }
    var needsManifest: Bool { true }
    /// Several keys cannot be published at once.
    var writer: (any CentreWriter)? { nil }

    // MARK: Reading

    func read() async throws(SourceError) -> CentreReading {
        let before = known.withLock { $0 }
        let isReported = reported.withLock { $0 }
        var found = try await readAll()
        if isReported {
            for pauseMs in Self.rereadMs where digests(found) == before {
                do throws(CancellationError) { try await setup.clock.sleep(ms: pauseMs) } catch { break }
                found = try await readAll()
            }
        }
        let digests = digests(found)
        known.withLock { $0 = digests }
        reported.withLock { $0 = false }
        return CentreReading(
            revision: plan.dataIDs.compactMap { digests[$0] }.joined(separator: ","),
            files: found.compactMap { name, found in
                CentreNames.path(name).map { CentreFile(path: $0, bytes: found.text) }
            })
    }

    private func digests(_ found: [(String, Found)]) -> [String: String] {
        Dictionary(found.map { ($0, $1.md5) }, uniquingKeysWith: { first, _ in first })
    }

    private func readAll() async throws(SourceError) -> [(String, Found)] {
        var all: [(String, Found)] = []
        for name in plan.dataIDs {
            if let found = try await read(name) { all.append((name, found)) }
        }
        return all
    }

    /// Nil for one that does not exist.
    private func read(_ name: String) async throws(SourceError) -> Found? {
        do throws(SourceError) {
            guard plan.api == .v1 else { return try await readThird(name) }
            let answer = try await call(
                "GET", "/nacos/v1/cs/configs",
                [("dataId", name), ("group", plan.group), ("tenant", namespace)])
            return Found(text: answer.body, md5: answer.header("Content-MD5") ?? "")
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }

    private func readThird(_ name: String) async throws(SourceError) -> Found? {
        let response = try await call(
            "GET", "/nacos/v3/client/cs/config",
            [("dataId", name), ("groupName", plan.group), ("namespaceId", namespace)])
        let answer = try AnswerJSON.decode(Answer.self, response.body, of: name)
        guard answer.code == 0, let text = answer.data?.content else {
            throw SourceError("\(name): code \(answer.code): \(answer.message ?? "no content")")
        }
        return Found(text: Array(text.utf8), md5: answer.data?.md5 ?? "")
    }

    /// The namespace `public` has no id.
    private var namespace: String? { plan.namespace.isEmpty || plan.namespace == "public" ? nil : plan.namespace }

    // MARK: Waiting

    func waitForChange(after reading: CentreReading) async throws(CancellationError) {
        guard plan.api == .v1 else { return try await setup.clock.sleep(ms: plan.refreshMs) }
        let startMs = setup.clock.now.uptimeMs
        let pollMs = max(Self.leastPollMs, plan.refreshMs)
        let digests = known.withLock { $0 }
        let listened = plan.dataIDs.map { name in
            [name, plan.group, digests[name] ?? ""].joined(separator: "\u{2}")
                + (namespace.map { "\u{2}" + $0 } ?? "") + "\u{1}"
        }.joined()
        do throws(SourceError) {
            let answer = try await call(
                "POST", "/nacos/v1/cs/configs/listener", [],
                headers: [
                    TextPair("Long-Pulling-Timeout", String(pollMs)),
                    TextPair("Content-Type", "application/x-www-form-urlencoded"),
                ], body: Array("Listening-Configs=\(QueryText.encoded(listened))".utf8),
                timeoutMs: pollMs + SourceServer.timeoutMs)
            if !answer.body.isEmpty { reported.withLock { $0 = true } }
        } catch {}
        // A server that answers at once must not keep both sides busy.
        let restMs = startMs + Self.retryMs - setup.clock.now.uptimeMs
        try await setup.clock.sleep(ms: max(0, restMs))
    }

    // MARK: Calls

    /// With the token where there are users; a token that was refused is replaced once.
    private func call(
        _ method: String, _ path: String, _ query: [(String, String?)], headers: [TextPair] = [],
        body: [UInt8]? = nil, timeoutMs: Int64 = SourceServer.timeoutMs
    ) async throws(SourceError) -> HTTPResponse {
        let token = try await session.current()
        do throws(SourceError) {
            return try await server.send(
                method, path, query: query + [("accessToken", token)], headers: headers, body: body,
                timeoutMs: timeoutMs)
        } catch {
            guard token != nil, error.status == 403 || error.status == 401 else { throw error }
            session.forget()
            let renewed = try await session.current()
            return try await server.send(
                method, path, query: query + [("accessToken", renewed)], headers: headers, body: body,
                timeoutMs: timeoutMs)
        }
    }
}
