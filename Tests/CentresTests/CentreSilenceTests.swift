import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Centres

/// Ways in which servers of centres are silent, answer in part, or go back, by scripts.
@Suite("Centres that are silent or go back")
struct CentreSilenceTests {
    private static let files = ["rules/a.yaml": "1"]

    /// A Consul whose index and answer are set from outside.
    private final class Consul: Sendable {
        struct State {
            var index = "90"
            var status = 200
            var headers: [TextPair] = []
        }

        let state = Mutex(State())
        let clock = ImpatientClock()

        func centre() -> (ConsulCentre, ScriptedTransport) {
            let transport = ScriptedTransport { [self] request in
                let state = self.state.withLock { $0 }
                guard state.status == 200 else { return .reply("", status: state.status) }
                guard case .success(var response) = CentreBench.consul.server(CentreSilenceTests.files, request) else {
                    return .unreachable
                }
                response.headers = [TextPair("X-Consul-Index", state.index)] + state.headers
                return .success(response)
            }
            var plan = ConsulCentrePlan()
            plan.address = "http://127.0.0.1:8500"
            return (ConsulCentre(plan: plan, setup: CentreBench.setup(transport, clock: clock)), transport)
        }
    }

    /// After a restored snapshot the index is lower: the next wait begins with that one, or it would wait for the old one.
    @Test func anIndexThatGoesBackIsFollowed() async throws {
        let consul = Consul()
        let (centre, transport) = consul.centre()
        try await centre.waitForChange(after: try await centre.read())
        #expect(transport.requests.last?.url.contains("index=90") == true)
        consul.state.withLock { $0.index = "12" }
        try await centre.waitForChange(after: try await centre.read())
        #expect(transport.requests.last?.url.contains("index=12") == true)
    }

    /// A wait with the index 0 would be answered at once, for ever.
    @Test func anIndexOfZeroStillBlocks() async throws {
        let consul = Consul()
        consul.state.withLock { $0.index = "0" }
        let (centre, transport) = consul.centre()
        try await centre.waitForChange(after: try await centre.read())
        #expect(transport.requests.last?.url.contains("index=1&") == true)
    }

    @Test func anAnswerThatWasFilteredIsNotTheWholeList() async throws {
        let consul = Consul()
        consul.state.withLock { $0.headers = [TextPair("X-Consul-Results-Filtered-By-ACLs", "true")] }
        let error = await #expect(throws: SourceError.self) { try await consul.centre().0.read() }
        #expect(error?.reason.contains("may not see all keys") == true)
    }

    /// Too many requests: an error, and never an empty reading or a wait without a pause.
    @Test func tooManyRequestsAreNoAbsence() async throws {
        let consul = Consul()
        let (centre, _) = consul.centre()
        let reading = try await centre.read()
        consul.state.withLock { $0.status = 429 }
        let error = await #expect(throws: SourceError.self) { try await centre.read() }
        #expect(error?.status == 429)
        let before = consul.clock.sleeps.count
        try await centre.waitForChange(after: reading)
        #expect(consul.clock.sleeps.dropFirst(before).reduce(0, +) >= 1_000)
    }

    /// etcd's tokens end after minutes: the reading that is refused for that logs in again, once.
    @Test func aTokenThatHasEndedIsRenewed() async throws {
        let valid = Mutex(1)
        let logins = Mutex(0)
        let transport = ScriptedTransport { request in
            if request.url.hasSuffix("/v3/auth/authenticate") {
                logins.withLock { $0 += 1 }
                return .reply("{\"token\":\"t.\(valid.withLock { $0 })\"}")
            }
            let token = request.headers.first { $0.name == "Authorization" }?.value
            guard token == "t.\(valid.withLock { $0 })" else {
                return .reply(#"{"code":16,"message":"etcdserver: invalid auth token"}"#, status: 401)
            }
            return CentreBench.etcd.server(Self.files, request)
        }
        let centre = CentreBench.etcd.centre(CentreBench.setup(transport))
        _ = try await centre.read()
        _ = try await centre.read()
        #expect(logins.withLock { $0 } == 1, "a token is kept")
        valid.withLock { $0 = 2 }
        #expect(try await centre.read().files == Live.files(Self.files))
        #expect(logins.withLock { $0 } == 2)
    }

    /// A list of which the second part cannot be read is an error, and not a shorter list.
    @Test func aListThatBreaksOffIsNoReading() async throws {
        let key = Live.base64("rollguard/v1/rules/a.yaml")
        let asked = Mutex(0)
        let transport = ScriptedTransport { request in
            if request.url.hasSuffix("/v3/auth/authenticate") { return .reply("{\"token\":\"t\"}") }
            let number = asked.withLock { asked in
                asked += 1
                return asked
            }
            guard number == 1 else {
                return .reply(
                    #"{"code":11,"message":"etcdserver: mvcc: required revision has been compacted"}"#, status: 400)
            }
            return .reply(
                "{\"header\":{\"revision\":\"7\",\"cluster_id\":\"1\"},\"more\":true,\"kvs\":[{\"key\":\"\(key)\",\"value\":\"MQ==\"}]}"
            )
        }
        let centre = CentreBench.etcd.centre(CentreBench.setup(transport))
        await #expect(throws: SourceError.self) { try await centre.read() }
    }
}
