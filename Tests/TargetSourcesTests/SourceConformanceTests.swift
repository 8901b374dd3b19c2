import Discovery
import Model
import Ports
import Testing

@testable import TargetSources

/// What every source that asks a server keeps, whatever the server does. The list in force is not the source's: it
/// reports what the server said, whole, or that there is nothing to be believed.
@Suite("Facts of target sources")
struct SourceConformanceTests {
    private static let two = [(host: "10.0.0.1", port: 8001), (host: "10.0.0.2", port: 8002)]

    private func answers(
        _ bench: SourceBench, _ count: Int = 1,
        _ script: @escaping @Sendable (HTTPRequest, Int) -> ScriptedTransport.Answer
    ) async -> (answers: [SourceAnswer], transport: ScriptedTransport) {
        let transport = ScriptedTransport(script)
        let source = bench.source(Sources.setup(transport, secrets: ["TOKEN": "s3cret-c0ffee"]))
        return (await Sources.answers(source, count), transport)
    }

    @Test(arguments: SourceBench.all) func aListIsReportedWhole(_ bench: SourceBench) async {
        let (answers, _) = await answers(bench, 2) { request, _ in bench.server(Self.two, "v1", request) }
        for answer in answers {
            #expect(answer.addresses == ["10.0.0.1:8001", "10.0.0.2:8002"])
            #expect(answer.labels?.allSatisfy { set in set.labels.contains { $0.value.contains("v1") } } == true)
        }
    }

    /// It is for the list's owner to believe it or not.
    @Test(arguments: SourceBench.all) func anEmptyListIsReportedAsOne(_ bench: SourceBench) async {
        let (answers, _) = await answers(bench) { request, _ in bench.server([], "", request) }
        #expect(answers.first?.addresses == [])
    }

    @Test(
        arguments: SourceBench.all,
        [
            ("500", .reply("no cluster leader", status: 500)), ("403", .reply("permission denied", status: 403)),
            ("204", .reply("", status: 204)), ("an empty body", .reply("")), ("text", .reply("<html>busy</html>")),
            ("a number", .reply("17")), ("half a list", .reply("[{\"Node\": {\"Node\": \"n1\"")),
            ("a list of texts", .reply("[\"a\"]")), ("unreachable", .unreachable),
            ("a timeout", .failure(.timedOut(address: "a:1", afterMs: 10_000))),
            ("too large", .failure(.bodyTooLarge(address: "a:1", limitBytes: 10))),
            ("a redirect", .failure(.unusable("a redirect to another host"))),
        ] as [(String, ScriptedTransport.Answer)])
    func whatCannotBeReadIsAFailure(_ bench: SourceBench, _ answer: (String, ScriptedTransport.Answer)) async {
        let (answers, _) = await answers(bench) { _, _ in answer.1 }
        let reason = answers.first?.reason
        #expect(reason?.isEmpty == false, "\(bench.kind), \(answer.0): \(answers)")
        #expect(reason?.contains("\n") == false)
    }

    @Test(arguments: SourceBench.all) func itReturnsAfterAFailure(_ bench: SourceBench) async {
        // Each request fails at first: a source may need several for an answer.
        let (answers, _) = await answers(bench, 12) { request, count in
            count < 6 ? .reply("busy", status: 503) : bench.server(Self.two, "v1", request)
        }
        #expect(answers.first?.reason?.contains("503") == true, "\(answers)")
        #expect(answers.last?.addresses?.count == 2)
    }

    @Test(arguments: SourceBench.all) func duplicatesAndTheirOrderAreReportedAsTheyAre(_ bench: SourceBench) async {
        let thrice = Self.two + Self.two.prefix(1)
        let (answers, _) = await answers(bench) { request, _ in bench.server(thrice, "v1", request) }
        #expect(answers.first?.addresses?.sorted() == ["10.0.0.1:8001", "10.0.0.1:8001", "10.0.0.2:8002"])
    }

    @Test(arguments: SourceBench.all) func tenThousandTargetsAreTakenAndOneMoreIsNot(_ bench: SourceBench) async {
        func many(_ count: Int) -> [(host: String, port: Int)] {
            (0..<count).map { (host: "10.\($0 / 65_536).\($0 / 256 % 256).\($0 % 256)", port: 80) }
        }
        for (count, isTaken) in [(10_000, true), (10_001, false)] {
            let addresses = many(count)
            let (answers, _) = await answers(bench) { request, _ in bench.server(addresses, "v", request) }
            #expect((answers.first?.addresses?.count == count) == isTaken, "\(answers.first?.reason ?? "")")
        }
    }

    @Test(arguments: SourceBench.all) func aLabelOfAMebibyteIsRefused(_ bench: SourceBench) async {
        let note = String(repeating: "x", count: 1 << 20)
        let (answers, _) = await answers(bench) { request, _ in bench.server(Self.two, note, request) }
        #expect(answers.first?.reason?.contains("longer than") == true, "\(answers.first?.reason ?? "none")")
    }

    @Test(arguments: SourceBench.all) func noReasonHoldsASecret(_ bench: SourceBench) async {
        let (answers, _) = await answers(bench) { request, _ in
            .reply("token s3cret-c0ffee is not known, for \(request.url)", status: 401)
        }
        let reason = answers.first?.reason ?? ""
        #expect(reason.contains("401") && !reason.contains("c0ffee"), "\(reason)")
    }

    @Test(arguments: SourceBench.all) func everyRequestIsBounded(_ bench: SourceBench) async {
        let (_, transport) = await answers(bench, 3) { request, _ in bench.server(Self.two, "v", request) }
        for request in transport.requests {
            #expect(request.bodyLimitBytes <= SourceLimits.bodyBytes && !request.redirectsMayLeaveHost)
            #expect(request.timeoutMs <= 700_000, "\(request.url)")
        }
    }
}
