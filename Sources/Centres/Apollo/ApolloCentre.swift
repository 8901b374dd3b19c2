import Declarations
import Model
import Ports
import SourceCalls
import Synchronization

/// Reads the namespaces of an application in Apollo, and waits for a change with its long poll.
///
/// The long poll only says when to read: it reports ids that are greater than the client's, so that a restored database
/// makes it silent. An id counts as seen when the reading after it has worked; a reading names the messages of the
/// notification, without which a server with a cache answers with the old release.
final class ApolloCentre: Centre {
    /// The server holds a poll for 60 s, at most 90.
    private static let pollMs: Int64 = 95_000
    private static let retryMs: Int64 = 1_000
    private static let settleMs: Int64 = 200
    /// How long the list of servers of the meta server is used.
    private static let listMs: Int64 = 300_000

    private struct State {
        var servers: [String] = []
        var listedUptimeMs: Int64 = 0
        /// By namespace: what the last reading has seen.
        var seen: [String: Int64] = [:]
        /// Reported, and not read yet.
        var reported: [String: ApolloAnswers.Notification] = [:]
    }

    let plan: ApolloCentrePlan
    private let setup: CallSetup
    private let state = Mutex(State())

    init(plan: ApolloCentrePlan, setup: CallSetup) {
        self.plan = plan
        self.setup = setup
    }

    var label: String { plan.label }
    var needsManifest: Bool { true }
    /// Apollo has another API for changes, which publishes namespace by namespace.
    var writer: (any CentreWriter)? { nil }

    func read() async throws(SourceError) -> CentreReading {
        let reported = state.withLock { $0.reported }
        var files: [CentreFile] = []
        var keys: [String] = []
        for name in plan.namespaces {
            guard let path = CentreNames.path(name) else { continue }
            guard let found = try await read(name, reported[name]?.messages) else { continue }
            files.append(CentreFile(path: path, bytes: Array(found.text.utf8)))
            keys.append(found.key)
        }
        state.withLock { state in
            for (name, notification) in reported {
                state.seen[name] = notification.notificationId
                if state.reported[name]?.notificationId == notification.notificationId { state.reported[name] = nil }
            }
        }
        var reading = CentreReading(revision: keys.joined(separator: ","), files: files)
        reading.namesReleases = true
        return reading
    }

    /// Nil for a namespace that was never released.
    private func read(
        _ name: String, _ messages: ApolloAnswers.Notification.Messages?
    ) async throws(SourceError) -> (text: String, key: String)? {
        // Without the key of a release, the answer is always whole.
        let query: [(String, String?)] = [
            ("messages", messages.map(ApolloAnswers.text)), ("dataCenter", plan.dataCenter), ("label", plan.grayLabel),
        ]
        let path = "/configs/" + [plan.application, plan.cluster, name].map(QueryText.encoded).joined(separator: "/")
        do throws(SourceError) {
            let answer = try await call(path, query, timeoutMs: SourceServer.timeoutMs)
            return try ApolloAnswers.content(answer.body, of: name)
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }

    func waitForChange(after reading: CentreReading) async throws(CancellationError) {
        let startMs = setup.clock.now.uptimeMs
        let seen = state.withLock { $0.seen }
        let known = plan.namespaces.map {
            ApolloAnswers.Notification(namespaceName: $0, notificationId: seen[$0] ?? -1)
        }
        let query: [(String, String?)] = [
            ("appId", plan.application), ("cluster", plan.cluster), ("notifications", ApolloAnswers.text(known)),
            ("dataCenter", plan.dataCenter), ("label", plan.grayLabel),
        ]
        do throws(SourceError) {
            let answer = try await call(
                "/notifications/v2", query, timeoutMs: min(Self.pollMs, max(plan.refreshMs, Self.retryMs)))
            let news = try AnswerJSON.decode([ApolloAnswers.Notification].self, answer.body, of: "/notifications/v2")
            state.withLock { state in for one in news { state.reported[one.namespaceName] = one } }
            try await pause(news.isEmpty ? Self.retryMs : Self.settleMs)
        } catch {
            // 304: nothing is new. A server that answers so at once must not keep both sides busy.
            let restMs = startMs + Self.retryMs - setup.clock.now.uptimeMs
            try await setup.clock.sleep(ms: max(0, restMs))
        }
    }

    /// A cancelled wait ends at the next one.
    private func pause(_ ms: Int64) async throws(SourceError) {
        do throws(CancellationError) { try await setup.clock.sleep(ms: ms) } catch {
            throw SourceError("cancelled")
        }
    }

    // MARK: Calls

    /// Asks the config services in turn, from the list of the meta servers.
    private func call(
        _ path: String, _ query: [(String, String?)], timeoutMs: Int64
    ) async throws(SourceError) -> HTTPResponse {
        var failure = SourceError("the meta servers list no config service")
        for base in try await servers() {
            let server = SourceServer(base, security: plan.security, masking: plan.secret, setup: setup)
            do throws(SourceError) {
                let headers = try signature(server, path, query)
                return try await server.send(
                    "GET", path, query: query, headers: headers, body: nil, timeoutMs: timeoutMs)
            } catch {
                if let status = error.status, status < 500, status != 429 { throw explained(error) }
                failure = SourceError("\(server.name): \(error.reason)", status: error.status)
            }
        }
        state.withLock { $0.servers = [] }
        throw failure
    }

    private func explained(_ error: SourceError) -> SourceError {
        guard error.status == 401, error.reason.contains("Skewed") else { return error }
        return SourceError(
            "\(error.reason); the clocks of this host and of Apollo differ by more than a minute", status: 401)
    }

    private func servers() async throws(SourceError) -> [String] {
        let now = setup.clock.now.uptimeMs
        let known = state.withLock { $0.servers.isEmpty || now - $0.listedUptimeMs > Self.listMs ? [] : $0.servers }
        guard known.isEmpty else { return known }
        var failure = SourceError("there is no meta server")
        for meta in plan.meta {
            let server = SourceServer(meta, security: plan.security, setup: setup)
            do throws(SourceError) {
                let answer = try await server.get("/services/config", query: [("appId", plan.application)])
                let listed = try AnswerJSON.decode([ApolloAnswers.Service].self, answer.body, of: "/services/config")
                guard !listed.isEmpty else { throw SourceError("there is no config service") }
                let urls = try usable(listed.map(\.homepageUrl))
                state.withLock { ($0.servers, $0.listedUptimeMs) = (urls, now) }
                return urls
            } catch { failure = SourceError("\(server.name): \(error.reason)") }
        }
        // The list of before is better than none.
        let earlier = state.withLock { $0.servers }
        guard earlier.isEmpty else { return earlier }
        throw failure
    }

    /// - Throws: when Apollo names config services that are reached by plain HTTP alone, and that is not meant.
    private func usable(_ urls: [String]) throws(SourceError) -> [String] {
        guard !plan.isInsecure else { return urls }
        let secure = urls.filter { !PlainHTTP.isExposed($0) }
        guard secure.isEmpty, let first = urls.first else { return secure }
        throw SourceError(
            "its config service \(first) is plain HTTP to another host, and a centre decides which routers are called: let "
                + "Apollo name it with https, or write 'insecure: true' where the network is trusted")
    }

    private func signature(
        _ server: SourceServer, _ path: String, _ query: [(String, String?)]
    ) throws(SourceError) -> [TextPair] {
        guard let reference = plan.secret else { return [] }
        let secret: String
        do throws(SecretError) { secret = try setup.secrets.secret(reference) } catch {
            throw SourceError(error.description)
        }
        let url = server.request("GET", path, query: query, headers: [], body: nil, timeoutMs: 0).url
        let timestamp = String(setup.clock.wallMs)
        let signature = ApolloSignature.of(
            timestamp: timestamp, pathAndQuery: ApolloSignature.pathAndQuery(of: url), secret: secret)
        return [
            TextPair("Timestamp", timestamp), TextPair("Authorization", "Apollo \(plan.application):\(signature)"),
        ]
    }
}
