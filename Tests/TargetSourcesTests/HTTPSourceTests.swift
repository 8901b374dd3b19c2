import Discovery
import Model
import Ports
import Synchronization
import Testing

@testable import TargetSources

@Suite("The source http")
struct HTTPSourceTests {
    private static func response(
        _ body: String, status: Int = 200, type: String? = "application/json"
    ) -> ListedAnswers.Answer {
        let headers = type.map { [TextPair("Content-Type", $0)] } ?? []
        return .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    private static func run(
        _ transport: ListedAnswers, sleeps: Int
    ) async -> [(ms: Int64, answer: SourceAnswer)] {
        let clock = StepClock(sleeps: sleeps)
        let source = HTTPSource(
            plan: HTTPSourcePlan(url: "http://user:hunter2@sd/list?x=1", refreshMs: 10_000), transport: transport,
            clock: clock)
        #expect(!source.name.contains("hunter2"))
        let answers = Mutex<[(Int64, SourceAnswer)]>([])
        await source.run { answer in answers.withLock { $0.append((clock.now.uptimeMs - 1_000_000, answer)) } }
        return answers.withLock { $0 }.map { (ms: $0.0, answer: $0.1) }
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
    func listsWhatTheEndpointAnswers(_ type: String) async {
        let transport = ListedAnswers([Self.response(#"[{"targets": ["a:1"], "labels": {"v": "1"}}]"#, type: type)])
        let answers = await Self.run(transport, sleeps: 0)
        guard case .list(let groups)? = answers.first?.answer else { return #expect(Bool(false), "\(answers)") }
        #expect(groups.count == 1 && groups[0].targets == [DiscoveredTarget(address: "a:1")])
        #expect(groups[0].labels["v"] == "1" && groups[0].labels.has("__meta_url"))
        #expect(!groups[0].labels["__meta_url"].contains("hunter2"))
        let sent = transport.requests.withLock { $0[0] }
        #expect(sent.headers.contains(TextPair("X-Prometheus-Refresh-Interval-Seconds", "10")))
        #expect(!sent.redirectsMayLeaveHost && sent.bodyLimitBytes == SourceLimits.bodyBytes)
    }

    @Test func anEmptyListIsAnAnswer() async {
        #expect(await Self.run(ListedAnswers([Self.response("[]")]), sleeps: 0).first?.answer == .list([]))
    }

    @Test(arguments: [
        response("[]", status: 500), response("[]", status: 204), response("[]", status: 404),
        response("[]", type: "text/html"), response("[]", type: nil),
        response("[]", type: "application/json; charset=x"),
        response("null"), response(""), response("{"), response("<html>"),
        .failure(.connectFailed(address: "sd", reason: "refused")),
        .failure(.bodyTooLarge(address: "sd", limitBytes: 1)),
    ])
    func whatIsNoListIsAFailure(_ answer: ListedAnswers.Answer) async {
        guard case .failed(let reason)? = await Self.run(ListedAnswers([answer]), sleeps: 0).first?.answer else {
            return #expect(Bool(false))
        }
        #expect(!reason.isEmpty && !reason.contains("hunter2"))
    }

    @Test func aFailureIsTriedAgainSoonerUpToTheInterval() async {
        let failure = Self.response("", status: 503)
        let answers = await Self.run(
            ListedAnswers([Self.response("[]")] + Array(repeating: failure, count: 6) + [Self.response("[]")]),
            sleeps: 9)
        #expect(answers.map(\.ms) == [0, 10_000, 11_000, 13_000, 17_000, 25_000, 35_000, 45_000, 55_000, 65_000])
    }
}
