import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Centres

/// Nacos by a script, with the ways in which real servers go wrong.
@Suite("The nacos centre")
struct NacosCentreTests {
    private final class Service: Sendable {
        struct State {
            var text = "v1"
            /// Not the digest of the text: the server may store it in another way.
            var md5 = "00ab"
            /// What readings answer before the server has written its copy, so many times.
            var old: (text: String, md5: String, times: Int)?
            var token = "token-1"
            var isReported = false
        }

        let state = Mutex(State())

        func answer(_ request: HTTPRequest) -> ScriptedTransport.Answer {
            state.withLock { state in
                if request.url.contains("/auth/login") {
                    return .reply("{\"accessToken\":\"\(state.token)\",\"tokenTtl\":18000}")
                }
                guard request.url.contains("accessToken=\(state.token)") else { return .reply("", status: 403) }
                if request.url.contains("/listener") { return listened(request, &state) }
                if let old = state.old, old.times > 0 {
                    state.old?.times -= 1
                    return .reply(old.text, headers: [TextPair("Content-MD5", old.md5)])
                }
                return .reply(state.text, headers: [TextPair("Content-MD5", state.md5)])
            }
        }

        private func listened(_ request: HTTPRequest, _ state: inout State) -> ScriptedTransport.Answer {
            let body = String(decoding: request.body ?? [], as: UTF8.self)
            guard request.headers.contains(where: { $0.name == "Long-Pulling-Timeout" }) else {
                return .reply("", status: 400)
            }
            let isCurrent = body.contains("%02rollguard%02\(state.md5)%01")
            return .reply(isCurrent && !state.isReported ? "" : "rollguard.yaml%02rollguard%01")
        }
    }

    private let service = Service()
    private let clock = ImpatientClock()

    private func centre() -> (NacosCentre, ScriptedTransport) {
        let service = service
        let transport = ScriptedTransport { service.answer($0) }
        var plan = CentreBench.nacosPlan(.v1)
        plan.dataIDs = ["rollguard.yaml"]
        return (NacosCentre(plan: plan, setup: CentreBench.setup(transport, clock: clock)), transport)
    }

    private func text(_ reading: CentreReading) -> String {
        String(decoding: reading.files.first?.bytes ?? [], as: UTF8.self)
    }

    /// A digest of our own would differ from the server's, and each poll would return at once.
    @Test func thePollComparesTheServersDigest() async throws {
        let (centre, transport) = centre()
        let reading = try await centre.read()
        try await centre.waitForChange(after: reading)
        let poll = try #require(transport.requests.last { $0.url.contains("/listener") })
        let body = String(decoding: poll.body ?? [], as: UTF8.self)
        #expect(body == "Listening-Configs=rollguard.yaml%02rollguard%0200ab%01")
        #expect(poll.headers.contains(TextPair("Long-Pulling-Timeout", "10000")))
    }

    /// The server writes its copy after it has reported the change.
    @Test func anOldTextAfterANotificationIsReadAgain() async throws {
        let (centre, _) = centre()
        let first = try await centre.read()
        service.state.withLock { state in
            (state.text, state.md5, state.old) = ("v2", "11", ("v1", "00ab", 2))
        }
        try await centre.waitForChange(after: first)
        let before = clock.sleeps.count
        #expect(text(try await centre.read()) == "v2")
        #expect(Array(clock.sleeps.dropFirst(before)) == [200, 1_000])
    }

    /// One that stays old is taken as it is after some tries, and the next reading is a normal one.
    @Test func aTextThatStaysOldEndsTheTries() async throws {
        let (centre, _) = centre()
        let first = try await centre.read()
        service.state.withLock { $0.isReported = true }
        try await centre.waitForChange(after: first)
        let before = clock.sleeps.count
        #expect(text(try await centre.read()) == "v1")
        #expect(Array(clock.sleeps.dropFirst(before)) == [200, 1_000, 5_000])
    }

    @Test func aTokenThatIsRefusedIsReplacedOnce() async throws {
        let (centre, transport) = centre()
        _ = try await centre.read()
        service.state.withLock { $0.token = "token-2" }
        #expect(text(try await centre.read()) == "v1")
        #expect(transport.requests.count { $0.url.contains("/auth/login") } == 2)
    }

    /// The login costs a request only when its token is nearly over.
    @Test func aTokenIsKept() async throws {
        let (centre, transport) = centre()
        for _ in 0..<5 { _ = try await centre.read() }
        #expect(transport.requests.count { $0.url.contains("/auth/login") } == 1)
        try await clock.sleep(ms: 14_400_000)
        _ = try await centre.read()
        #expect(transport.requests.count { $0.url.contains("/auth/login") } == 2)
    }

    @Test(arguments: ["rollguard.yaml", "manifest.json", "releases.checkout.yaml", "rules.a.b.yml", "receivers.x.yaml"])
    func namesOfFilesHaveAPath(_ name: String) {
        let path = CentreNames.path(ofDotted: name)
        #expect(path != nil && (path == "manifest" || path?.contains("/") == true || path == name))
    }

    @Test(arguments: [
        "application", "releases.yaml", "releases.checkout.properties", "x.checkout.yaml", "releases...yaml", "",
    ])
    func otherNamesHaveNone(_ name: String) { #expect(CentreNames.path(ofDotted: name) == nil) }
}
