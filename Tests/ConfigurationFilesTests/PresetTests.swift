import Foundation
import Telemetry
import Testing

@testable import ConfigurationFiles

@Suite("Presets of well-known exporters")
struct PresetTests {
    private static func recognise(_ body: String) throws -> RecognisedService? {
        PresetRecognition.recognise(try Exposition.samples(in: Array(body.utf8), format: .prometheusText))
    }

    /// One row per form of names: lines as an exporter writes them, and what they are taken for.
    static let rows: [(body: String, preset: String?, requests: [String], errors: [String], latency: String?)] = [
        (
            """
            http_requests_total{code="200"} 5
            http_request_duration_seconds_bucket{le="0.1"} 5
            http_request_duration_seconds_bucket{le="+Inf"} 5

            """, "promhttp", ["http_requests_total"], ["http_requests_total{code=~\"5..\"}"],
            "http_request_duration_seconds"
        ),
        (
            """
            http_server_requests_seconds_count{status="200",uri="/a"} 5
            http_server_requests_seconds_sum{status="200",uri="/a"} 1

            """, "spring-boot", ["http_server_requests_seconds_count"],
            ["http_server_requests_seconds_count{status=~\"5..\"}"], nil
        ),
        (
            "nginx_vts_upstream_requests_total{upstream=\"u\",backend=\"b\",code=\"2xx\"} 5\n", "nginx-vts",
            ["nginx_vts_upstream_requests_total{code=~\"[1-5]xx\"}"],
            ["nginx_vts_upstream_requests_total{code=\"5xx\"}"], nil
        ),
        (
            "http_server_requests_total{code=\"200\",path=\"/a\"} 5\n", "ruby",
            ["http_server_requests_total", "http_server_exceptions_total"],
            ["http_server_requests_total{code=~\"5..\"}", "http_server_exceptions_total"], nil
        ),
        (
            """
            shop_requests_total{status="200"} 5
            shop_request_latency_seconds_bucket{le="+Inf"} 5
            promhttp_metric_handler_requests_total{code="200"} 9

            """, nil, ["shop_requests_total"], ["shop_requests_total{status=~\"5..\"}"], "shop_request_latency_seconds"
        ),
        (
            """
            shop_requests_total 5
            shop_errors_total 1
            queue_errors_total 1

            """, nil, ["shop_requests_total"], ["shop_errors_total"], nil
        ),
    ]

    @Test(arguments: rows.indices)
    func anExporterIsRecognisedByItsSeries(_ row: Int) throws {
        let (body, preset, requests, errors, latency) = Self.rows[row]
        let found = try #require(try Self.recognise(body))
        #expect(found.preset?.name == preset)
        #expect(found.indicators.requests == requests)
        #expect(found.indicators.errors == errors)
        #expect(found.indicators.latency == latency)
    }

    @Test func anExporterThatCannotBeComparedIsRefusedWithTheReason() throws {
        let body = "nginx_http_requests_total 5\nnginx_connections_active 1\n"
        let samples = try Exposition.samples(in: Array(body.utf8), format: .prometheusText)
        #expect(PresetRecognition.recognise(samples) == nil)
        #expect(PresetRecognition.refused(samples)?.name == "nginx-stub-status")
    }

    @Test func aBodyWithoutRequestsIsNotRecognised() throws {
        #expect(try Self.recognise("process_cpu_seconds_total 5\ngo_goroutines 7\n") == nil)
        #expect(try Self.recognise("promhttp_metric_handler_requests_total{code=\"200\"} 9\n") == nil)
    }

    /// A preset that a configuration refuses would be worse than none.
    @Test(arguments: ServicePresets.all.map(\.name))
    func everyPresetIsUsableInAConfiguration(_ name: String) throws {
        let preset = try #require(ServicePresets.named(name))
        #expect(ServicePresets.all.filter { $0.name == name }.count == 1)
        for selector in preset.requests + preset.errors + [preset.latency].compactMap({ $0 }) {
            #expect(throws: Never.self) { try SeriesSelector(parsing: selector) }
        }
        let list = preset.watchList
        #expect(list.requestCounters.count == preset.requests.count && list.errorCounters.count == preset.errors.count)
        #expect(list.excluded.isEmpty == (preset.exclude == nil))
        #expect((try? list.excluded.takeUnlabelled()) != true || list.excluded.isEmpty)
        #expect(throws: Never.self) { _ = try TargetReader(watch: list, limits: ScrapeLimits()) }
        // A unit that the metric's name does not say has to be in the preset.
        if let latency = list.latency {
            #expect(preset.latencyUnit == nil || LatencyUnit(nameOf: latency.metric) == nil)
        }
    }

    @Test(arguments: ReadyRules.files.map(\.name))
    func readyRulesAreThoseOfTheFolder(_ name: String) throws {
        let path = #filePath.replacing("Tests/ConfigurationFilesTests/PresetTests.swift", with: "rules/\(name)")
        #expect(try ReadyRules.text(of: name) == String(contentsOfFile: path, encoding: .utf8))
    }
}
