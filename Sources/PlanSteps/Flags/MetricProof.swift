import Model
import Ports
import Support
import Telemetry

/// Reads a counter of the applications several times: it has to be still.
struct MetricProof {
    /// Of an exposition.
    private static let bodyLimitBytes = 16 << 20

    let metric: FlagMetric
    let attempt: FlagTry
    let targets: @Sendable (_ release: String) async -> StepTargets?

    /// What one target's counters sum up to; nil for a target without them.
    private typealias Reading = [(target: String, sum: Double?)]

    func check() async -> StepAnswer {
        let requests = await requests()
        guard !requests.isEmpty else { return .unreadable("there are no targets to read \(shown) from") }
        do throws(AnswerFailure) {
            var last = try await read(requests)
            guard attempt.leftMs > metric.durationMs else {
                return .notProved("\(shown) is \(total(last)) now; it has to be still for \(metric.durationMs) ms")
            }
            for _ in 0..<metric.stillFor {
                do { try await attempt.clock.sleep(ms: metric.everyMs) } catch {
                    return .unreadable("the reading was cancelled")
                }
                let next = try await read(requests)
                if let moved = zip(last, next).first(where: { $0.sum != $1.sum }) {
                    return .notProved("\(shown) of \(moved.0.target) has changed: \(text(moved.0)) -> \(text(moved.1))")
                }
                last = next
            }
            return .proved(
                "\(shown) is still at \(total(last)) over \(metric.stillFor) readings of \(last.count) targets")
        } catch { return error.answer }
    }

    // MARK: One reading

    private func read(_ requests: [(target: String, request: HTTPRequest)]) async throws(AnswerFailure) -> Reading {
        let limitMs = attempt.leftMs
        var reading: Reading = []
        let results = await withTaskGroup(of: (Int, Result<Double?, AnswerFailure>).self) { group in
            for (index, entry) in requests.enumerated() {
                group.addTask { (index, await sum(entry.target, entry.request, limitMs)) }
            }
            var all: [(Int, Result<Double?, AnswerFailure>)] = []
            for await one in group { all.append(one) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
        for (entry, result) in zip(requests, results) { reading.append((entry.target, try result.get())) }
        // A counter that is nowhere may have another name.
        guard reading.contains(where: { $0.sum != nil }) else {
            throw AnswerFailure(.unreadable("no target has \(shown)"))
        }
        return reading
    }

    private func sum(_ target: String, _ asked: HTTPRequest, _ limitMs: Int64) async -> Result<Double?, AnswerFailure> {
        var request = asked
        request.timeoutMs = min(limitMs, 5_000)
        var response: HTTPResponse
        do throws(TransportError) { response = try await attempt.calls.transport.send(request) } catch {
            return .failure(AnswerFailure(.unreadable("\(target) cannot be read: \(error)")))
        }
        guard response.status == 200 else {
            return .failure(AnswerFailure(.unreadable("\(target) answered \(response.status)")))
        }
        let type = response.headers.first { $0.name.lowercased() == "content-type" }?.value
        do {
            let filter = try SeriesFilter(SeriesMatchers(metric.selector.matchers))
            let format = try ExpositionFormat(contentType: type, fallback: .prometheusText)
            let samples = try Exposition.samples(in: response.takeBody(), format: format).filter { sample in
                sample.name == metric.selector.metric
                    && filter.takes(sample.labels.map { (name: $0.name, value: $0.value) })
            }
            return .success(samples.isEmpty ? nil : samples.reduce(0) { $0 + $1.value })
        } catch {
            return .failure(AnswerFailure(.unreadable("\(target) cannot be read: \(error)")))
        }
    }

    // MARK: Targets

    private func requests() async -> [(target: String, request: HTTPRequest)] {
        if !metric.urls.isEmpty {
            return metric.urls.map { (Redaction.url($0), Self.request($0, ClientSecurity())) }
        }
        guard let known = await targets(attempt.call.release) else { return [] }
        return metric.pools.flatMap { pool in
            (known.targets[pool] ?? []).map { target in
                var request = Self.request(target.url, known.security)
                (request.unixSocket, request.address) = (target.unixSocket, target.address)
                return (target.instance, request)
            }
        }
    }

    private static func request(_ url: String, _ security: ClientSecurity) -> HTTPRequest {
        HTTPRequest(
            url: url, headers: [TextPair("Accept", "text/plain;version=0.0.4,application/openmetrics-text;q=0.5")],
            bodyLimitBytes: bodyLimitBytes, acceptsCompression: true, security: security)
    }

    // MARK: Text

    private var shown: String { metric.selector.description }

    private func total(_ reading: Reading) -> String { NumberText.plain(reading.reduce(0) { $0 + ($1.sum ?? 0) }) }

    private func text(_ entry: (target: String, sum: Double?)) -> String {
        entry.sum.map { NumberText.plain($0) } ?? "absent"
    }
}
