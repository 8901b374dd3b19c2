import Foundation
import FoundationNetworking
import Testing

@testable import DemoWorld

/// Asks until the answer is yes, for ten seconds at most.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<1_000 {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}

/// The value of a series in a service's exposition; nil when the exposition does not have it.
func sample(_ series: String, at address: String) async throws -> Double? {
    let page = try await HTTP.get("http://\(address)/metrics").body
    return page.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        .flatMap { Double($0.dropFirst(series.count + 1)) }
}

enum HTTP {
    static func get(_ address: String) async throws -> (status: Int, body: String, response: HTTPURLResponse) {
        try await send(URLRequest(url: try #require(URL(string: address))))
    }

    static func send(_ request: URLRequest) async throws -> (status: Int, body: String, response: HTTPURLResponse) {
        let session = URLSession(configuration: .ephemeral)
        defer { session.finishTasksAndInvalidate() }
        let (data, response) = try await session.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return (answer.statusCode, String(decoding: data, as: UTF8.self), answer)
    }
}

struct DemoServiceTests {
    @Test func everyPathIsAnsweredByNameAndCounted() async throws {
        let service = DemoService(version: "v1", instance: "one", fault: .none, seed: 1)
        let address = try await service.start()
        for path in ["", "/", "/checkout?x=1", "/metricsx"] {
            let answer = try await HTTP.get("http://\(address)\(path)")
            #expect(answer.status == 200)
            #expect(answer.body == "ok from v1 one\n")
        }
        #expect(try await sample("http_requests_total{code=\"200\",method=\"GET\"}", at: address) == 4)
        #expect(try await sample("http_request_duration_seconds_count", at: address) == 4)
        #expect(try await sample("http_request_duration_seconds_bucket{le=\"+Inf\"}", at: address) == 4)
        #expect(try await sample("http_requests_in_flight", at: address) == 0)
        await service.stop()
    }

    @Test func theBodyIsAnExposition() async throws {
        let before = Date().timeIntervalSince1970
        let service = DemoService(version: "v\"1\\", instance: "one", fault: .none, seed: 1)
        let address = try await service.start()
        let page = try await HTTP.get("http://\(address)/metrics")
        #expect(page.response.value(forHTTPHeaderField: "Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(page.body.hasSuffix("\n"))
        #expect(page.body.contains("service_build_info{version=\"v\\\"1\\\\\",instance_name=\"one\"} 1\n"))
        let start = try await sample("process_start_time_seconds", at: address)
        // Written with milliseconds.
        #expect((before - 1...Date().timeIntervalSince1970 + 1).contains(try #require(start)))
        for line in page.body.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
        }
        await service.stop()
    }

    @Test func bucketsAreCumulative() {
        var metrics = ServiceMetrics(version: "v1", instance: "one")
        for seconds in [0.001, 0.005, 0.006, 0.3, 99] {
            metrics.record(code: 200, method: "GET", seconds: seconds, bytes: 1)
        }
        let page = metrics.page()
        for (bound, count) in [("0.005", 2), ("0.01", 3), ("0.25", 3), ("0.5", 4), ("10", 4), ("+Inf", 5)] {
            #expect(page.contains("http_request_duration_seconds_bucket{le=\"\(bound)\"} \(count)\n"))
        }
    }

    @Test(arguments: [0.0, 0.08, 0.5, 1.0])
    func theShareOfErrorsIsAsOrdered(share: Double) {
        let behaviour = ServiceBehaviour(version: "v1", instance: "one", fault: .errors(share: share), seed: 7)
        let failures = (0..<10_000).count { _ in behaviour.draw().code == 500 }
        #expect(abs(Double(failures) - 10_000 * share) <= 5 * (10_000 * share * (1 - share)).squareRoot())
    }

    @Test func aShareOfTheRequestsIsSlower() {
        let fault = DemoFault.latency(extraMs: 400, share: 0.1)
        let behaviour = ServiceBehaviour(version: "v1", instance: "one", fault: fault, seed: 7)
        let delays = (0..<10_000).map { _ in behaviour.draw().delayMicroseconds }
        let slow = delays.filter { $0 >= 400_000 }
        #expect((850...1_150).contains(slow.count))
        #expect(delays.allSatisfy { (5_000...20_000).contains($0) || (405_000...420_000).contains($0) })
    }

    @Test func theSameSeedDrawsTheSameService() {
        func draws(_ seed: UInt64) -> [Int64] {
            let behaviour = ServiceBehaviour(version: "v1", instance: "one", fault: .none, seed: seed)
            return (0..<50).map { _ in behaviour.draw().delayMicroseconds }
        }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
    }

    @Test func aCrashRefusesConnectionsFromThenOn() async throws {
        let service = DemoService(version: "v1", instance: "one", fault: .none, seed: 1)
        let address = try await service.start()
        #expect(try await HTTP.get("http://\(address)/").status == 200)
        await service.setFault(.crash)
        await #expect(throws: (any Error).self) { _ = try await HTTP.get("http://\(address)/") }
        await service.stop()
    }
}

struct LoadGeneratorTests {
    @Test func whatTheLoadCountsIsWhatTheServiceCounts() async throws {
        let service = DemoService(version: "v1", instance: "one", fault: .errors(share: 0.3), seed: 3)
        let address = try await service.start()
        let load = LoadGenerator(target: address, requestsPerSecond: 200, users: 50, seed: 4)
        async let running: Void = load.run()
        #expect(await eventually { await load.statistics().sent >= 200 })
        await load.stop()
        await running
        let statistics = await load.statistics()
        #expect(statistics.sent == statistics.ok + statistics.failed + statistics.broken)
        #expect(statistics.ok > 0 && statistics.failed > 0)
        #expect(statistics.answersByVersion == ["v1": statistics.ok + statistics.failed])
        #expect(statistics.failuresByVersion == ["v1": statistics.failed])
        func counted(_ series: String) async throws -> Int {
            Int(try #require(try await sample(series, at: address)))
        }
        let ok = try await counted("http_requests_total{code=\"200\",method=\"GET\"}")
        let failed = try await counted("http_requests_total{code=\"500\",method=\"GET\"}")
        let all = try await counted("http_request_duration_seconds_count")
        #expect(ok + failed == all)
        // A broken request, which only a starved machine should have, may or may not have been answered.
        #expect((statistics.ok...statistics.ok + statistics.broken).contains(ok))
        #expect((statistics.failed...statistics.failed + statistics.broken).contains(failed))
        #expect((statistics.ok + statistics.failed...statistics.sent).contains(all))
        await service.stop()
    }

    @Test func aDeadTargetIsCountedAndTheLoadGoesOn() async throws {
        let service = DemoService(version: "v1", instance: "one", fault: .none, seed: 1)
        let address = try await service.start()
        let load = LoadGenerator(target: address, requestsPerSecond: 200, users: 50, seed: 4)
        let running = Task { await load.run() }
        #expect(await eventually { await load.statistics().ok >= 20 })
        await service.setFault(.crash)
        #expect(await eventually { await load.statistics().broken >= 100 })
        running.cancel()
        await running.value
        let statistics = await load.statistics()
        #expect(statistics.sent == statistics.ok + statistics.failed + statistics.broken)
    }

    @Test(arguments: ["", "nohost", "127.0.0.1:0", "127.0.0.1:99999"])
    func aTargetThatIsNoneBreaksEveryRequest(target: String) async {
        let load = LoadGenerator(target: target, requestsPerSecond: 1_000, users: 0, seed: 4)
        let running = Task { await load.run() }
        #expect(await eventually { await load.statistics().broken > 10 })
        await load.stop()
        await running.value
        let statistics = await load.statistics()
        #expect(statistics.sent == statistics.broken)
    }

    @Test func aStoppedLoadDoesNotRunAgain() async {
        let load = LoadGenerator(target: "127.0.0.1:1", requestsPerSecond: 1, users: 1, seed: 1)
        await load.stop()
        await load.run()
        #expect(await load.statistics() == LoadStatistics())
    }
}

struct WebhookSinkTests {
    private func post(_ text: String, to address: String, event: String) async throws -> Int {
        var request = URLRequest(url: try #require(URL(string: "http://\(address)/hook")))
        request.httpMethod = "POST"
        request.httpBody = Data(text.utf8)
        request.setValue(event, forHTTPHeaderField: "Rollguard-Event")
        return try await HTTP.send(request).status
    }

    @Test func postsAreKeptInOrder() async throws {
        let sink = WebhookSink()
        let address = try await sink.start()
        #expect(try await post("one", to: address, event: "a") == 200)
        #expect(try await post("two", to: address, event: "b") == 200)
        #expect(try await post("three", to: address, event: "b") == 200)
        #expect(try await HTTP.get("http://\(address)/hook").status == 405)
        let received = await sink.received()
        #expect(received.map(\.text) == ["one", "two", "three"])
        #expect(received.allSatisfy { $0.path == "/hook" })
        #expect(await sink.firstReceived(event: "b")?.text == "two")
        #expect(await sink.firstReceived(event: "c") == nil)
        await sink.stop()
    }

    @Test func answersAreAsOrderedForAsOftenAsOrdered() async throws {
        let sink = WebhookSink()
        let address = try await sink.start()
        await sink.answer(status: 503, headers: [("Retry-After", "1")], times: 2)
        var statuses: [Int] = []
        for number in 1...3 { statuses.append(try await post("\(number)", to: address, event: "a")) }
        #expect(statuses == [503, 503, 200])
        #expect(await sink.received().count == 3)
        await sink.stop()
    }
}
