import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Centres

/// Apollo's config service by a script, with the ways in which real ones go wrong.
@Suite("The apollo centre")
struct ApolloCentreTests {
    /// A service with one namespace, whose release and notification are set from outside.
    private final class Service: Sendable {
        struct State {
            var text = "v1"
            /// Answered to a reading that does not name the newest notification.
            var cached: String?
            var id: Int64 = 10
            var isHeld = false
            var failsReadings = false
            var status: (Int, String)?
        }

        let state = Mutex(State())

        func answer(_ request: HTTPRequest) -> ScriptedTransport.Answer {
            let state = state.withLock { $0 }
            if request.url.contains("/services/config") {
                return .reply(#"[{"homepageUrl":"http://127.0.0.1:8081"}]"#)
            }
            if let (status, text) = state.status { return .reply(text, status: status) }
            if request.url.contains("/notifications/v2") { return notification(request, state) }
            if state.failsReadings { return .reply("", status: 500) }
            let isNamed = request.url.contains("%22shop%2Bdefault%2Brollguard.yaml%22%3A\(state.id)")
            let text = isNamed ? state.text : state.cached ?? state.text
            return .reply("{\"releaseKey\":\"k-\(text)\",\"configurations\":{\"content\":\"\(text)\"}}")
        }

        /// Only an id that is greater than the client's is reported.
        private func notification(_ request: HTTPRequest, _ state: State) -> ScriptedTransport.Answer {
            let marker = "%22notificationId%22%3A"
            guard let place = request.url.firstRange(of: marker) else { return .reply("", status: 400) }
            let digits = request.url[place.upperBound...].prefix { $0.isNumber || $0 == "-" }
            guard let known = Int64(digits), state.id > known, !state.isHeld else { return .reply("", status: 304) }
            return .reply(
                """
                [{"namespaceName":"rollguard.yaml","notificationId":\(state.id),
                  "messages":{"details":{"shop+default+rollguard.yaml":\(state.id)}}}]
                """)
        }
    }

    private let service = Service()
    private let clock = ImpatientClock()

    private func centre(_ secret: SecretReference? = nil) -> (ApolloCentre, ScriptedTransport) {
        let service = service
        let transport = ScriptedTransport { service.answer($0) }
        var plan = ApolloCentrePlan()
        (plan.meta, plan.application, plan.namespaces) = (["http://127.0.0.1:8080"], "shop", ["rollguard.yaml"])
        plan.secret = secret
        return (ApolloCentre(plan: plan, setup: CentreBench.setup(transport, clock: clock)), transport)
    }

    private func text(_ reading: CentreReading) -> String {
        String(decoding: reading.files.first?.bytes ?? [], as: UTF8.self)
    }

    @Test func aReadingAfterANotificationNamesItSoThatNoOldReleaseIsTaken() async throws {
        let (centre, _) = centre()
        let first = try await centre.read()
        #expect(text(first) == "v1")
        service.state.withLock { ($0.text, $0.cached, $0.id) = ("v2", "v1", 11) }
        try await centre.waitForChange(after: first)
        #expect(text(try await centre.read()) == "v2")
    }

    /// A notification whose reading failed has not been seen.
    @Test func anIDCountsAsSeenAfterTheReadingHasWorked() async throws {
        let (centre, transport) = centre()
        let first = try await centre.read()
        try await centre.waitForChange(after: first)
        service.state.withLock { $0.failsReadings = true }
        await #expect(throws: SourceError.self) { try await centre.read() }
        service.state.withLock { $0.failsReadings = false }
        try await centre.waitForChange(after: first)
        let polls = transport.requests.filter { $0.url.contains("/notifications/v2") }
        #expect(polls.last?.url.contains("%22notificationId%22%3A-1") == true)
        _ = try await centre.read()
        try await centre.waitForChange(after: first)
        #expect(transport.requests.last?.url.contains("%22notificationId%22%3A10") == true)
    }

    /// After the restoration of a database the ids are smaller, and the poll is silent: the next reading finds the change.
    @Test func idsThatGoBackDoNotHideAChange() async throws {
        let (centre, _) = centre()
        var reading = try await centre.read()
        try await centre.waitForChange(after: reading)
        reading = try await centre.read()
        service.state.withLock { ($0.text, $0.id) = ("restored", 4) }
        try await centre.waitForChange(after: reading)
        #expect(text(try await centre.read()) == "restored")
    }

    /// 304 to a reading that named no release is no answer that can be used.
    @Test(arguments: [304, 401, 500])
    func anAnswerWithoutContentIsAnError(_ status: Int) async throws {
        let (centre, _) = centre()
        service.state.withLock { $0.status = (status, "") }
        await #expect(throws: SourceError.self) { try await centre.read() }
    }

    @Test func incrementalAnswersAreRefused() async throws {
        let (centre, _) = centre()
        service.state.withLock {
            $0.status = (200, #"{"releaseKey":"k","configSyncType":"IncrementalSync","configurationChanges":[]}"#)
        }
        await #expect(throws: SourceError.self) { try await centre.read() }
    }

    @Test func clocksThatDifferAreNamedAsTheReason() async throws {
        let (centre, _) = centre(.environment("SECRET"))
        service.state.withLock { $0.status = (401, "RequestTimeTooSkewed") }
        let error = await #expect(throws: SourceError.self) { try await centre.read() }
        #expect(error?.reason.contains("clocks") == true)
        #expect(error?.reason.contains("top-secret") == false)
    }

    /// The vector of Apollo's documentation.
    @Test func requestsAreSignedAsApolloDoes() async throws {
        let signature = ApolloSignature.of(
            timestamp: "1576478257344", pathAndQuery: "/configs/100004458/default/application?ip=10.0.0.1",
            secret: "df23df3f59884980844ff3dada30fa97")
        #expect(signature == "EoKyziXvKqzHgwx+ijDJwgVTDgE=")
        let (centre, transport) = centre(.environment("SECRET"))
        _ = try await centre.read()
        let request = try #require(transport.requests.last)
        let timestamp = request.headers.first { $0.name == "Timestamp" }?.value ?? ""
        let expected = ApolloSignature.of(
            timestamp: timestamp, pathAndQuery: "/configs/shop/default/rollguard.yaml", secret: "top-secret-c0ffee")
        #expect(request.headers.first { $0.name == "Authorization" }?.value == "Apollo shop:\(expected)")
    }
}
