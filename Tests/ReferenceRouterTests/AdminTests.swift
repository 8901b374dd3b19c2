import Foundation
import NIOHTTP1
import Support
import Testing

@testable import ReferenceRouter

struct AdminTests {
    private let folder: TemporaryFolder
    private let api: AdminAPI

    init() throws {
        folder = try TemporaryFolder()
        api = try Self.api(folder)
    }

    private static func api(
        _ folder: TemporaryFolder, token: String? = nil, state: String = "split.json"
    ) throws -> AdminAPI {
        AdminAPI(
            store: try SplitStore(path: folder.file(state), initialCanaryBasisPoints: 1_000),
            metrics: RouterMetrics(), baseline: BackendGroup(["127.0.0.1:1"]), canary: BackendGroup(["127.0.0.1:2"]),
            token: token.map { AdminToken(path: $0) })
    }

    private func put(_ body: String, _ headers: [(String, String)] = []) -> AdminResponse {
        api.answer(
            AdminRequest(method: .PUT, path: "/api/v1/split", headers: HTTPHeaders(headers), body: Array(body.utf8)))
    }

    private func get() -> AdminResponse { api.answer(AdminRequest(method: .GET, path: "/api/v1/split")) }

    /// A web page that had its name pointed here can neither read nor set the split (DNS rebinding).
    @Test(
        arguments: [
            ([("Host", "127.0.0.1:9412")], true), ([("Host", "[::1]:9412")], true), ([("Host", "LOCALHOST")], true),
            ([("Host", "router.internal:9412")], true), ([], true), ([("Host", "rebind.evil.example:9412")], false),
            ([("Host", "localhost.evil.example")], false), ([("Host", "")], false), ([("Host", "a b")], false),
            ([("Host", "127.0.0.1:9412"), ("Origin", "http://127.0.0.1:9412")], true),
            ([("Host", "127.0.0.1:9412"), ("Origin", "http://evil.example")], false),
            ([("Host", "127.0.0.1:9412"), ("Origin", "null")], false),
            ([("Host", "rebind.evil.example"), ("Origin", "http://rebind.evil.example")], false),
        ] as [([(String, String)], Bool)])
    func aCallMustMeanThisRouter(headers: [(String, String)], isTaken: Bool) throws {
        let named = AdminAPI(
            store: api.store, metrics: RouterMetrics(), baseline: BackendGroup(["127.0.0.1:1"]), token: nil,
            listener: ListenerGuard(names: ["router.internal"]))
        for (method, path) in [(HTTPMethod.PUT, "/api/v1/split"), (.GET, "/api/v1/split"), (.GET, "/metrics")] {
            let body = Array("{\"canary_basis_points\":10000}".utf8)
            let answer = named.answer(
                AdminRequest(method: method, path: path, headers: HTTPHeaders(headers), body: body))
            #expect((answer.status == .ok) == isTaken, "\(method) \(path) \(answer)")
            #expect(isTaken || answer.status == .forbidden)
        }
        #expect((named.store.current.canaryBasisPoints == 10_000) == isTaken)
    }

    /// A router behind a name of its own is called under it by whoever holds the token.
    @Test func theTokenCountsUnderAnyName() throws {
        try Data("sesame".utf8).write(to: URL(fileURLWithPath: folder.file("token")))
        let guarded = try Self.api(folder, token: folder.file("token"), state: "other.json")
        func status(_ headers: [(String, String)]) -> HTTPResponseStatus {
            guarded.answer(
                AdminRequest(
                    method: .GET, path: "/api/v1/split", headers: HTTPHeaders([("Host", "r.example")] + headers))
            ).status
        }
        #expect(status([("Authorization", "Bearer sesame")]) == .ok)
        #expect(status([("Authorization", "Bearer wrong")]) == .forbidden)
        #expect(status([("Authorization", "Bearer sesame"), ("Origin", "http://evil.example")]) == .forbidden)
        #expect(
            guarded.answer(AdminRequest(method: .GET, path: "/metrics", headers: ["Host": "r.example"])).status
                == .forbidden)
    }

    @Test func theSplitIsADocumentWithItsRevision() {
        let answer = get()
        #expect(answer.status == .ok)
        #expect(answer.headers["ETag"] == "\"1\"")
        #expect(answer.headers["Content-Type"] == "application/json")
        #expect(
            answer.body
                == "{\"canary_percent\":10,\"canary_basis_points\":1000,\"revision\":1,\"baseline_healthy\":true,"
                + "\"canary_healthy\":true}\n")
    }

    @Test(arguments: [(0, "0"), (5, "0.05"), (50, "0.5"), (1_000, "10"), (1_234, "12.34"), (10_000, "100")])
    func percentagesAreWrittenAsShortAsTheyAre(basisPoints: Int, text: String) {
        #expect(AdminAPI.percent(basisPoints) == text)
    }

    @Test(arguments: [
        ("{\"canary_percent\":0}", 0), ("{\"canary_percent\":100}", 10_000), ("{\"canary_percent\":0.05}", 5),
        ("{\"canary_percent\":0.29}", 29), ("{\"canary_percent\":12.5}", 1_250), ("{\"canary_basis_points\":0}", 0),
        (" {\"canary_basis_points\" : 10000 } ", 10_000),
        ("{\"canary_basis_points\":5,\"new_version\":\"baseline\"}", 5),
        ("{\"new_version\": \"canary\", \"canary_percent\":5}", 500),
    ])
    func aChangeIsAnsweredWithTheNewDocument(body: String, basisPoints: Int) {
        let answer = put(body)
        #expect(answer.status == .ok)
        #expect(answer.headers["ETag"] == "\"2\"")
        #expect(answer.body.contains("\"canary_basis_points\":\(basisPoints),\"revision\":2,"))
        #expect(api.store.split.canaryBasisPoints == basisPoints)
        #expect(get().body == answer.body)
    }

    @Test(arguments: [
        "", "null", "[]", "1", "{}", "{\"canary_percent\":-1}", "{\"canary_percent\":100.01}",
        "{\"canary_percent\":0.001}", "{\"canary_percent\":\"0\"}", "{\"canary_percent\":true}",
        "{\"canary_percent\":null}", "{\"canary_percent\":1e999}", "{\"canary_basis_points\":10001}",
        "{\"canary_basis_points\":-1}", "{\"canary_basis_points\":1.5}", "{\"canary_basis_points\":1e30}",
        "{\"canary_percent\":1,\"canary_basis_points\":100}", "{\"canary_percent\":1,\"reason\":\"x\"}",
        "{\"canary_percent\":1,\"new_version\":\"green\"}", "{\"canary_percent\":1,\"new_version\":null}",
        "{\"canary_percent\":1,\"new_version\":\"canary\",\"new_version\":\"baseline\"}",
        "{\"new_version\":\"canary\"}",
        "{\"canary_percent\":1,\"canary_percent\":2}", "{\"canary_percent\":1", "{\"canary_percent\":1}x", "\u{FEFF}",
    ])
    func whatIsNoSplitIsRefused(body: String) {
        let answer = put(body)
        #expect(answer.status == .badRequest, "\(body)")
        #expect(answer.body.hasPrefix("{\"error\":\""))
        #expect(get().headers["ETag"] == "\"1\"")
        #expect(api.store.split.canaryBasisPoints == 1_000)
    }

    /// Found by fuzzing: a field's name came back with characters that turn the direction of a terminal's text.
    @Test func aRefusalRepeatsNothingThatTurnsTheText() {
        let answer = put("{\"canary\u{202E}\u{2028}\u{7F}\": 1}")
        #expect(answer.status == .badRequest)
        #expect(answer.body.contains("unknown field 'canary???'"), "\(answer.body)")
    }

    @Test func theSameValueKeepsTheRevision() {
        #expect(put("{\"canary_percent\":10}").headers["ETag"] == "\"1\"")
        #expect(put("{\"canary_percent\":0}").headers["ETag"] == "\"2\"")
        #expect(put("{\"canary_basis_points\":0}").headers["ETag"] == "\"2\"")
    }

    @Test(arguments: [
        ("\"1\"", 200), ("*", 200), ("\"7\", \"1\"", 200), ("\"2\"", 412), ("W/\"1\"", 412), ("\"\"", 412), ("1", 400),
        ("", 400), ("\"1", 400),
    ])
    func ifMatchGuardsAgainstOthers(tag: String, status: UInt) {
        let answer = put("{\"canary_percent\":0}", [("If-Match", tag)])
        #expect(answer.status.code == status)
        if status == 412 { #expect(answer.headers["ETag"] == "\"1\"") }
        #expect(api.store.split.canaryBasisPoints == (status == 200 ? 0 : 1_000))
    }

    @Test func aRepeatedKeyGetsTheSameAnswerAndChangesNothing() {
        let first = put("{\"canary_percent\":0}", [("Idempotency-Key", "a"), ("If-Match", "\"1\"")])
        #expect(first.headers["ETag"] == "\"2\"")
        #expect(put("{\"canary_percent\":5}").headers["ETag"] == "\"3\"")
        let again = put("{\"canary_percent\":0}", [("Idempotency-Key", "a"), ("If-Match", "\"1\"")])
        #expect(again == first)
        #expect(api.store.current.revision == 3)
        #expect(api.store.split.canaryBasisPoints == 500)
    }

    @Test func aKeyForAnotherBodyIsRefused() {
        #expect(put("{\"canary_percent\":0}", [("Idempotency-Key", "a")]).status == .ok)
        #expect(put("{\"canary_percent\":1}", [("Idempotency-Key", "a")]).status == .unprocessableEntity)
        #expect(put("{\"canary_percent\":1}", [("Idempotency-Key", "b")]).status == .ok)
    }

    @Test func aRefusedChangeMayBeSentAgainWithItsKey() {
        let headers = [("Idempotency-Key", "a")]
        #expect(put("{\"canary_percent\":0}", headers + [("If-Match", "\"9\"")]).status == .preconditionFailed)
        #expect(put("{\"canary_percent\":0}", headers + [("If-Match", "\"1\"")]).status == .ok)
    }

    @Test(arguments: [[""], [String(repeating: "k", count: 256)], ["a", "b"]])
    func keysHaveALimit(keys: [String]) {
        #expect(put("{\"canary_percent\":0}", keys.map { ("Idempotency-Key", $0) }).status == .badRequest)
    }

    @Test func onlyTheLastThousandKeysAreKept() {
        var memory = IdempotencyMemory()
        let response = AdminResponse.json(.ok, "{}")
        for number in 0..<2_500 { memory.remember("\(number)", digest: [UInt8(number % 256)], response: response) }
        #expect(memory.answer(to: "1499") == nil)
        #expect((1_500..<2_500).allSatisfy { memory.answer(to: "\($0)")?.digest == [UInt8($0 % 256)] })
    }

    @Test(arguments: [
        ("POST", "/api/v1/split", "GET, HEAD, PUT"), ("DELETE", "/api/v1/split", "GET, HEAD, PUT"),
        ("PUT", "/metrics", "GET, HEAD"), ("POST", "/-/healthy", "GET, HEAD"),
    ])
    func wrongMethodsAreAnsweredWithTheRightOnes(method: String, path: String, allowed: String) {
        let answer = api.answer(AdminRequest(method: .init(rawValue: method), path: path))
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.headers["Allow"] == allowed)
    }

    @Test(arguments: ["/", "/api/v1/split/", "/api/v2/split", "/metrics/x", "/-/ready"])
    func unknownPathsAreNotFound(path: String) {
        #expect(api.answer(AdminRequest(method: .GET, path: path)).status == .notFound)
    }

    // MARK: the token

    private static let authorizations: [([String], UInt)] = [
        ([], 401), (["Bearer"], 401), (["Bearer "], 401), (["Basic c2VjcmV0"], 401), (["Bearer wrong"], 403),
        (["Bearer secret2"], 403), (["Bearer secre"], 403), (["Bearer secret"], 200), (["bearer secret"], 200),
        (["Bearer secret", "Bearer secret"], 401),
    ]

    @Test(arguments: authorizations)
    func theTokenIsAskedFor(authorization: [String], status: UInt) throws {
        let folder = try TemporaryFolder()
        let api = try Self.api(folder, token: try folder.write("  secret\n", to: "token"))
        let headers = HTTPHeaders(authorization.map { ("Authorization", $0) })
        for (method, path) in [(HTTPMethod.GET, "/api/v1/split"), (.PUT, "/api/v1/split"), (.GET, "/api/unknown")] {
            let answer = api.answer(
                AdminRequest(method: method, path: path, headers: headers, body: Array("{\"canary_percent\":0}".utf8)))
            #expect(answer.status.code == (status == 200 && path == "/api/unknown" ? 404 : status))
            #expect(!answer.body.contains("secret"))
            #expect((answer.headers["WWW-Authenticate"] != nil) == (status == 401))
        }
        #expect(api.answer(AdminRequest(method: .GET, path: "/metrics")).status == .ok)
        #expect(api.answer(AdminRequest(method: .GET, path: "/-/healthy")).status == .ok)
    }

    @Test func theTokenMayBeRotatedAndIsNeverForgotten() throws {
        let folder = try TemporaryFolder()
        let api = try Self.api(folder, token: try folder.write("old", to: "token"))
        func status(_ token: String) -> UInt {
            api.answer(
                AdminRequest(
                    method: .GET, path: "/api/v1/split", headers: HTTPHeaders([("Authorization", "Bearer \(token)")]))
            ).status.code
        }
        #expect([status("old"), status("new")] == [200, 403])
        _ = try folder.write("new\n", to: "token")
        #expect([status("old"), status("new")] == [403, 200])
        _ = try folder.write("\n", to: "token")
        #expect([status("new"), status("")] == [503, 503])
    }
}
