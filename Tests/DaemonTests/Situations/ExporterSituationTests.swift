import Foundation
import Testing

/// Scrape bodies as real exporters write them, read by the daemon that ships over some thirty scrape cycles. What is
/// right was settled from what Prometheus does with the same bodies, or from what an operator of the service would call
/// right.
@Suite(
    "Expositions of real exporters, seen by the running daemon", .enabled(if: Executable.path != nil, "no executable"),
    .timeLimit(.minutes(15)))
struct ExporterSituationTests {
    private static let requestsAndErrors =
        #"{requests: http_requests_total, errors: 'http_requests_total{code=~"5.."}'}"#
    private static let errorRule =
        "{alert: Errors, indicator: error_rate, window: 3s, when: canary > 2 * baseline and canary > 1%, "
        + "min_requests: 10, action: rollback}"
    private static let slowRule =
        "{alert: Slow, indicator: latency_p99, window: 3s, when: canary > 2 * baseline and canary - baseline > 50ms, "
        + "min_requests: 10, action: rollback}"

    /// A healthy service: 20 requests per scrape, of which 1 in 1000 failed in all its life.
    private static func healthy(_ scrape: Int) -> String {
        """
        # TYPE http_requests_total counter
        http_requests_total{code="200"} \(100_000 + 20 * scrape)
        http_requests_total{code="500"} 100

        """
    }

    private func isLeftAlone(
        _ situation: Situation, _ cycles: Int = 30, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(await situation.cycles(cycles), "\(situation.daemon.text)", sourceLocation: sourceLocation)
        let changes = situation.web.changes
        #expect(
            changes == [], "a healthy canary was rolled back:\n\(situation.daemon.text)", sourceLocation: sourceLocation
        )
        #expect(try await situation.release().phase == "watching", sourceLocation: sourceLocation)
    }

    private func isRolledBack(
        _ situation: Situation, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isOut = await eventually { situation.web.canaryBasisPoints == 0 }
        #expect(isOut, "a bad canary was left:\n\(situation.daemon.text)", sourceLocation: sourceLocation)
    }

    private static func world(canary: @escaping @Sendable (Int) -> String) -> ScriptedWeb {
        let web = ScriptedWeb()
        web.page("/b", healthy)
        web.page("/c", canary)
        return web
    }

    // MARK: counters

    /// An exporter is started while the daemon runs: its own start time is young, what it exports has counted for weeks.
    @Test func anExporterThatStartsLaterThanItsApplicationIsABase() async throws {
        let startedSeconds = Int(Date().timeIntervalSince1970) + 2
        let web = Self.world { _ in "" }
        web.route("/c") { request in
            guard request.number >= 10 else { return ScriptedWeb.Reply(status: 503) }
            return .page(
                """
                http_requests_total{code="200"} \(810_000 + 20 * request.number)
                http_requests_total{code="500"} 90000
                process_start_time_seconds \(startedSeconds)

                """)
        }
        let situation = try await Situation(web, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// A scrape body that is merged of two sources, one of which comes later: thousands of errors did not happen in a
    /// scrape that has twenty requests.
    @Test func aPartOfABodyThatComesLaterIsABase() async throws {
        let web = Self.world { scrape in
            "istio_requests_total \(950_000 + 20 * scrape)\n" + (scrape > 10 ? "app_errors_total 5000\n" : "")
        }
        web.page("/b") { "istio_requests_total \(100_000 + 20 * $0)\napp_errors_total 100\n" }
        let situation = try await Situation(
            web, indicators: "{requests: istio_requests_total, errors: app_errors_total}", rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// An aggregator answers without one of its workers once, then with all again; its start time is the same.
    @Test func anAggregatorThatMissesAWorkerHasNotRestarted() async throws {
        let startedSeconds = Int(Date().timeIntervalSince1970) - 90_000
        let situation = try await Situation(
            Self.world { scrape in
                let part = scrape % 10 == 9 ? 0.75 : 1
                return """
                    http_requests_total{code="200"} \(Int(Double(38_000 + 20 * scrape) * part))
                    http_requests_total{code="500"} \(Int(2_000 * part))
                    process_start_time_seconds \(startedSeconds)

                    """
            }, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// A collector drops series that are quiet, and brings them back with their old values.
    @Test func aSeriesThatGoesAndComesBackCountsNothing() async throws {
        let situation = try await Situation(
            Self.world { scrape in
                "http_requests_total{code=\"200\"} \(50_000 + 20 * scrape)\n"
                    + (scrape % 12 < 6 ? "http_requests_total{code=\"500\"} 4000\n" : "")
            }, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// One series starts over (a sidecar restarts); the others of the exposition do not.
    @Test func aResetOfOneSeriesIsNotOneOfTheProcess() async throws {
        let situation = try await Situation(
            Self.world { scrape in
                let sidecar = scrape < 12 ? 9_000 + scrape : scrape - 12
                return """
                    http_requests_total{code="200",from="app"} \(70_000 + 20 * scrape)
                    http_requests_total{code="500",from="app"} 3000
                    http_requests_total{code="200",from="sidecar"} \(sidecar)

                    """
            }, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// `_created` is computed at each scrape, so it moves all the time.
    @Test func aCreatedTimeThatMovesWithEachScrapeIsNoRestart() async throws {
        let web = Self.world { _ in "" }
        let begunSeconds = Date().timeIntervalSince1970
        web.route("/c") { request in
            let text = """
                # TYPE http_requests counter
                http_requests_total{code="200"} \(60_000 + 20 * request.number)
                http_requests_created{code="200"} \(begunSeconds + Double(request.number) * 0.2)
                http_requests_total{code="500"} 5000
                http_requests_created{code="500"} \(begunSeconds + Double(request.number) * 0.2)
                # EOF

                """
            return ScriptedWeb.Reply(
                headers: [("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")],
                body: Array(text.utf8))
        }
        let situation = try await Situation(web, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// Two worker processes answer in turn behind one address, each with counters of its own.
    @Test func severalProcessesBehindOneAddressAreNoEvidence() async throws {
        let situation = try await Situation(
            Self.world { scrape in
                let (requests, errors) = scrape % 2 == 0 ? (40_000, 400) : (90_000, 2_700)
                return """
                    http_requests_total{code="200"} \(requests + 10 * scrape)
                    http_requests_total{code="500"} \(errors)

                    """
            }, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isLeftAlone(situation, 40)
        let shown = try await situation.everythingShown()
        #expect(shown.contains("process"), "\(shown)")
        await situation.stop()
    }

    /// The first failures of a service bring a series that was not there before.
    @Test func theFirstRealErrorsCount() async throws {
        let situation = try await Situation(
            Self.world { scrape in
                let failed = max(0, scrape - 15) * 5
                return "http_requests_total{code=\"200\"} \(30_000 + 20 * scrape - failed)\n"
                    + (failed > 0 ? "http_requests_total{code=\"500\"} \(failed)\n" : "")
            }, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isRolledBack(situation)
        await situation.stop()
    }

    /// The old version never failed, so it has no series of failures at all: that is 0, and not unknown.
    @Test func aBaselineWithoutAnErrorSeriesHasNoErrors() async throws {
        let web = Self.world {
            "http_requests_total{code=\"200\"} \(16 * $0)\nhttp_requests_total{code=\"500\"} \(4 * $0)\n"
        }
        web.page("/b") { "http_requests_total{code=\"200\"} \(1_000 + 20 * $0)\n" }
        let situation = try await Situation(web, indicators: Self.requestsAndErrors, rules: Self.errorRule)
        try await isRolledBack(situation)
        await situation.stop()
    }

    // MARK: scrape bodies

    /// A load balancer's exporter has both versions in one scrape body.
    @Test func oneBodyWithBothPoolsIsReadByMatchers() async throws {
        let web = ScriptedWeb()
        web.page("/metrics") { scrape in
            """
            haproxy_server_http_responses_total{server="old1",code="2xx"} \(100_000 + 50 * scrape)
            haproxy_server_http_responses_total{server="old1",code="5xx"} 0
            haproxy_server_http_responses_total{server="new1",code="2xx"} \(1_000 + 8 * scrape)
            haproxy_server_http_responses_total{server="new1",code="5xx"} \(10 + 2 * scrape)

            """
        }
        let situation = try await Situation(
            web,
            indicators: "{requests: haproxy_server_http_responses_total, "
                + #"errors: 'haproxy_server_http_responses_total{code="5xx"}'}"#,
            rules: Self.errorRule,
            baseline: #"match: {server: old1}, targets: [{address: "http://ADDRESS/metrics", instance: old1}]"#,
            canary: #"match: {server: new1}, targets: [{address: "http://ADDRESS/metrics", instance: new1}]"#)
        try await isRolledBack(situation)
        let rule = try #require(try await situation.release().rules.first)
        #expect(abs((rule.canary?.value ?? 0) - 0.2) < 0.02 && rule.baseline?.value == 0, "\(rule)")
        await situation.stop()
    }

    /// A gzip body that was not asked for is decoded.
    @Test func aCompressedBodyIsDecodedThoughItWasNotRequested() async throws {
        let web = Self.world { _ in "" }
        // http_requests_total{code="200"} 5, made by gzip(1).
        let packed: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x28, 0x29, 0x29, 0x88, 0x2f, 0x4a, 0x2d,
            0x2c, 0x4d, 0x2d, 0x2e, 0x29, 0x8e, 0x2f, 0xc9, 0x2f, 0x49, 0xcc, 0xa9, 0x4e, 0xce, 0x4f, 0x49, 0xb5, 0x55,
            0x32, 0x32, 0x30, 0x50, 0xaa, 0x55, 0x30, 0xe5, 0x02, 0x00, 0x49, 0xee, 0xd4, 0xc3, 0x22, 0x00, 0x00, 0x00,
        ]
        web.route("/c") { _ in
            ScriptedWeb.Reply(
                headers: [("Content-Type", "text/plain; version=0.0.4"), ("Content-Encoding", "gzip")],
                body: packed)
        }
        let situation = try await Situation(
            web, indicators: Self.requestsAndErrors, rules: Self.errorRule,
            scrape: "{interval: 200ms, timeout: 150ms, compression: false}")
        #expect(await situation.cycles(3), "\(situation.daemon.text)")
        // A scrape may come late on a busy machine; a body that cannot be decoded is never up.
        var shown = ""
        for next in 4..<60 {
            shown = try await situation.document()
            if shown.contains(#""up":true"#), !shown.contains(#""up":false"#) { break }
            _ = await situation.cycles(next)
        }
        #expect(shown.contains(#""up":true"#) && !shown.contains(#""up":false"#), "\(shown)")
        await situation.stop()
    }

    // MARK: latency

    private static func histogram(_ bounds: [(String, Double)], _ scrape: Int, name: String, sum: Double) -> String {
        let count = Double(5_000 + 40 * scrape)
        let buckets = bounds.map { "\(name)_bucket{le=\"\($0.0)\"} \(Int(count * $0.1))\n" }.joined()
        return "http_requests_total \(Int(count))\n# TYPE \(name) histogram\n\(buckets)"
            + "\(name)_sum \(count * sum)\n\(name)_count \(Int(count))\n"
    }

    /// 23 ms are not 23 s: the ready rule asks for at least 50 ms more.
    @Test func aHistogramInMillisecondsIsNotInSeconds() async throws {
        let name = "istio_request_duration_milliseconds"
        let web = ScriptedWeb()
        web.page("/b") { Self.histogram([("5", 0.5), ("10", 1), ("25", 1), ("+Inf", 1)], $0, name: name, sum: 6) }
        web.page("/c") { Self.histogram([("5", 0.2), ("10", 0.5), ("25", 1), ("+Inf", 1)], $0, name: name, sum: 15) }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total, latency: \(name)}", rules: Self.slowRule)
        try await isLeftAlone(situation)
        let shown = try await situation.everythingShown()
        #expect(shown.contains("millisecond") || shown.contains("ms"), "\(shown)")
        await situation.stop()
    }

    /// The two instances of the canary have other bounds than each other and than the baseline; every answer is below 250 ms.
    @Test func bucketsThatDifferAreNotComparedAsTheyAre() async throws {
        let name = "latency_seconds"
        let web = ScriptedWeb()
        web.page("/b") {
            Self.histogram([("0.1", 0.3), ("0.25", 1), ("1", 1), ("2.5", 1), ("+Inf", 1)], $0, name: name, sum: 0.1)
        }
        web.page("/c1") { Self.histogram([("0.1", 1), ("1", 1), ("+Inf", 1)], $0, name: name, sum: 0.08) }
        web.page("/c2") { Self.histogram([("0.25", 1), ("2.5", 1), ("+Inf", 1)], $0, name: name, sum: 0.08) }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total, latency: \(name)}", rules: Self.slowRule,
            canary:
                #"targets: [{address: "http://ADDRESS/c1", instance: c1}, {address: "http://ADDRESS/c2", instance: c2}]"#
        )
        try await isLeftAlone(situation)
        await situation.stop()
    }

    /// An exporter writes into each bucket what fell into it, instead of all that was at or below its bound.
    @Test func bucketsThatAreNotCumulativeAreSaidAndNotJudged() async throws {
        let name = "latency_seconds"
        let web = ScriptedWeb()
        web.page("/b") {
            Self.histogram([("0.1", 0.99), ("0.5", 1), ("5", 1), ("+Inf", 1)], $0, name: name, sum: 0.08)
        }
        web.page("/c") {
            Self.histogram([("0.1", 0.5), ("0.5", 0.4), ("5", 0.1), ("+Inf", 0)], $0, name: name, sum: 0.2)
        }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total, latency: \(name)}", rules: Self.slowRule)
        try await isLeftAlone(situation)
        let shown = try await situation.everythingShown()
        #expect(shown.contains("cumulative") || shown.contains("monoton"), "\(shown)")
        await situation.stop()
    }

    @Test func aHistogramWithoutInfIsInconclusiveAndSaysSo() async throws {
        let name = "latency_seconds"
        let web = ScriptedWeb()
        web.page("/b") { Self.histogram([("0.1", 0.9), ("0.5", 1), ("+Inf", 1)], $0, name: name, sum: 0.08) }
        web.page("/c") { Self.histogram([("0.1", 0.9), ("0.5", 1)], $0, name: name, sum: 0.08) }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total, latency: \(name)}", rules: Self.slowRule)
        try await isLeftAlone(situation)
        #expect(try await situation.release().rules.first?.verdict == "inconclusive")
        #expect(try await situation.everythingShown().contains("+Inf"))
        await situation.stop()
    }

    /// Micrometer's default has a count, a sum and a maximum, and neither buckets nor quantiles.
    @Test func aLatencyWithoutBucketsSaysThatNoPercentileCanCome() async throws {
        let web = ScriptedWeb()
        for path in ["/b", "/c"] {
            web.page(path) { scrape in
                """
                # TYPE http_server_requests_seconds summary
                http_server_requests_seconds_count{uri="/checkout"} \(1_000 + 20 * scrape)
                http_server_requests_seconds_sum{uri="/checkout"} \(80 + 2 * scrape)

                """
            }
        }
        let situation = try await Situation(
            web, indicators: "{requests: http_server_requests_seconds_count, latency: http_server_requests_seconds}",
            rules: Self.slowRule)
        try await isLeftAlone(situation)
        let shown = try await situation.everythingShown()
        #expect(shown.contains("bucket") && shown.contains("quantile"), "\(shown)")
        await situation.stop()
    }

    /// A summary's quantiles are NaN while there was nothing to observe.
    @Test func aQuantileThatIsNaNIsNoValue() async throws {
        let web = ScriptedWeb()
        for (path, value) in [("/b", "0.1"), ("/c", "NaN")] {
            web.page(path) { scrape in
                """
                http_requests_total \(1_000 + 20 * scrape)
                # TYPE latency_seconds summary
                latency_seconds{quantile="0.99"} \(value)
                latency_seconds_sum \(80 + scrape)
                latency_seconds_count \(1_000 + 20 * scrape)

                """
            }
        }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total, latency: latency_seconds}", rules: Self.slowRule)
        try await isLeftAlone(situation)
        #expect(try await situation.release().rules.first?.verdict == "inconclusive")
        await situation.stop()
    }
}
