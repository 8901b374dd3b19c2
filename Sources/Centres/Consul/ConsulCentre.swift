import Model
import Ports
import SourceCalls
import Synchronization

/// Reads the keys under a prefix of Consul, and waits for a change with a blocking query.
///
/// A blocking query only says when to read again. Its index may return without a change and goes back when the servers
/// were restored, so each reading begins without one. A prefix that is absent and one that the token may not see have the
/// same answer, 404; the manifest by itself shows the difference.
final class ConsulCentre: Centre {
    /// Between two rounds: an index that changes all the time must not keep the server busy.
    private static let leastRoundMs: Int64 = 1_000
    /// After a change: several keys may change together.
    private static let settleMs: Int64 = 100
    /// While the prefix is absent, every write of the cluster would wake a query for it.
    private static let absentMs: Int64 = 10_000

    let plan: ConsulCentrePlan
    let server: SourceServer
    private let setup: CallSetup
    /// Of the last reading; nil where the prefix is absent.
    private let index = Mutex<UInt64?>(nil)

    init(plan: ConsulCentrePlan, setup: CallSetup) {
        self.plan = plan
        self.setup = setup
        var security = plan.security
        if let token = plan.token { security.authorization = .header(name: "X-Consul-Token", value: token) }
        server = SourceServer(plan.address, security: security, setup: setup)
    }

    var label: String { plan.label }
    var needsManifest: Bool { false }
    var writer: (any CentreWriter)? { ConsulCentreWriter(centre: self) }

    func read() async throws(SourceError) -> CentreReading {
        let response: HTTPResponse
        do throws(SourceError) {
            response = try await server.get(path(plan.prefix), query: query)
        } catch {
            index.withLock { $0 = nil }
            guard error.status == 404 else { throw error }
            return try await absent()
        }
        guard response.header("X-Consul-Results-Filtered-By-ACLs")?.lowercased() != "true" else {
            throw SourceError("the token may not see all keys under \(plan.prefix); it needs key_prefix read")
        }
        let header = response.header("X-Consul-Index").flatMap { UInt64($0) }
        index.withLock { $0 = header.map { max(1, $0) } }
        return try ConsulKeys.reading(response.body, prefix: plan.prefix)
    }

    /// The prefix is absent if the manifest is; a token without rights is refused here.
    private func absent() async throws(SourceError) -> CentreReading {
        do throws(SourceError) {
            _ = try await server.get(
                path(plan.prefix + CentrePaths.manifest), query: query.filter { $0.0 != "recurse" })
            throw SourceError("the token may read the manifest and not list the keys under \(plan.prefix)")
        } catch {
            guard error.status == 404 else { throw error }
            return CentreReading(revision: "0", files: [])
        }
    }

    func waitForChange(after reading: CentreReading) async throws(CancellationError) {
        let startMs = setup.clock.now.uptimeMs
        guard let index = index.withLock({ $0 }) else {
            return try await setup.clock.sleep(ms: min(plan.waitMs, Self.absentMs))
        }
        let wait: [(String, String?)] = [("index", String(index)), ("wait", "\(plan.waitMs)ms")]
        // The server adds up to a sixteenth to the wait, so that not all clients return at once.
        let timeoutMs = plan.waitMs + plan.waitMs / 16 + SourceServer.timeoutMs
        _ = try? await server.get(path(plan.prefix), query: query + wait, timeoutMs: timeoutMs)
        let leastMs = startMs + Self.leastRoundMs - setup.clock.now.uptimeMs
        try await setup.clock.sleep(ms: max(Self.settleMs, leastMs))
    }

    private var query: [(String, String?)] { [("recurse", "true"), ("dc", plan.datacenter)] }

    private func path(_ key: String) -> String {
        "/v1/kv/"
            + key.split(separator: "/", omittingEmptySubsequences: false)
            .map { QueryText.encoded(String($0)) }.joined(separator: "/")
    }
}

/// Writes in one transaction that compares the manifest.
struct ConsulCentreWriter: CentreWriter {
    let centre: ConsulCentre

    /// Consul's limit for a transaction.
    var operationLimit: Int { 64 }

    func write(_ change: CentreChange) async throws(SourceError) -> String {
        let body = try ConsulKeys.transaction(change, prefix: centre.plan.prefix)
        do throws(SourceError) {
            let answer = try await centre.server.send(
                "PUT", "/v1/txn", query: [("dc", centre.plan.datacenter)], body: body)
            let written = try AnswerJSON.decode(ConsulKeys.Written.self, answer.body, of: "the transaction")
            return String((written.results ?? []).compactMap(\.pair?.index).max() ?? 0)
        } catch {
            guard error.status == 409 else { throw error }
            throw SourceError("another client changed the manifest at the same time; read it again", status: 409)
        }
    }
    func replace(_ file: CentreFile, version: String) async throws(SourceError) {
        let body = try ConsulKeys.replacement(file, version: version, prefix: centre.plan.prefix)
        do throws(SourceError) {
            _ = try await centre.server.send("PUT", "/v1/txn", query: [("dc", centre.plan.datacenter)], body: body)
        } catch {
            throw error.status == 409 ? SourceError("the key has changed since", status: 409) : error
        }
    }
}
