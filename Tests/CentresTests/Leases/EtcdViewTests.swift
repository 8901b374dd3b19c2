import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Leases

/// A cluster that was made again from a backup, as its first views find it.
@Suite("Views of another etcd")
struct EtcdViewTests {
    /// One document that was written at revision 3; the cluster is at revision 9.
    private struct Server {
        var cluster = "1"
        /// A reading of all documents is answered with 503.
        var refusesAll = false

        func answer(_ request: HTTPRequest, prefix: String) -> ScriptedTransport.Answer {
            let body = String(decoding: request.body ?? [], as: UTF8.self)
            let isNewestAlone = body.contains("\"min_mod_revision\":\"10\"")
            if refusesAll, !isNewestAlone { return .reply("{}", status: 503) }
            let key = Live.base64(prefix + "documents/handover/checkout")
            let pair = "{\"key\":\"\(key)\",\"mod_revision\":\"3\",\"value\":\"\(Live.base64("1"))\"}"
            let ranges = ["", "", isNewestAlone ? "" : "\"kvs\":[\(pair)]"].map { "{\"response_range\":{\($0)}}" }
            return .reply(
                "{\"header\":{\"revision\":\"9\",\"cluster_id\":\"\(cluster)\"},\"succeeded\":true,"
                    + "\"responses\":[\(ranges.joined(separator: ","))]}")
        }
    }

    /// The view that finds another cluster fails in its reading of all documents: the next one must not take it for known.
    @Test func allIsReadAgainAfterAViewThatFailed() async throws {
        var plan = EtcdLeasePlan()
        plan.endpoints = ["http://127.0.0.1:2379"]
        let prefix = plan.prefix
        let server = Mutex(Server())
        let transport = ScriptedTransport { request in server.withLock { $0.answer(request, prefix: prefix) } }
        let store = EtcdLeaseStore(
            plan: plan, label: "etcd", setup: CentreBench.setup(transport), timeoutMs: 2_000)
        let before = try await store.view(after: nil)
        #expect(before.documents.map(\.path) == ["handover/checkout"] && before.cursor == 9)
        #expect(try await store.view(after: before.cursor).documents.isEmpty)
        server.withLock { ($0.cluster, $0.refusesAll) = ("2", true) }
        await #expect(throws: SourceError.self) { try await store.view(after: before.cursor) }
        server.withLock { $0.refusesAll = false }
        #expect(try await store.view(after: before.cursor).documents == before.documents)
        #expect(try await store.view(after: before.cursor).documents.isEmpty)
    }
}
