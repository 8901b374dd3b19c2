import Foundation
import Telemetry
import Testing

@testable import ConfigurationFiles

@Suite("Presets of well-known exporters")
struct PresetTests {
    private static func recognise(_ body: String) throws -> RecognisedService? {
        PresetRecognition.recognise(try Exposition.samples(in: Array(body.utf8), format: .prometheusText))
    }

    /// One row per exporter: lines as it writes them, and what they are taken for.
    static let rows: [(body: String, preset: String?, requests: String, errors: String?, latency: String?)] = [
        (
            """
            http_requests_total{code="200"} 5
            http_request_duration_seconds_bucket{le="0.1"} 5
            http_request_duration_seconds_bucket{le="+Inf"} 5

            """, "promhttp", "http_requests_total", "http_requests_total{code=~\"5..\"}",
            "http_request_duration_seconds"
        ),
        (
            """
            http_requests_total{handler="/",method="GET",status="2xx"} 5
            http_request_duration_seconds_bucket{handler="/",le="+Inf"} 5

            """, "fastapi", "http_requests_total{handler!~\"\(ProposedIndicators.ownRequests)\"}",
            "http_requests_total{handler!~\"\(ProposedIndicators.ownRequests)\",status=~\"5..\"}",
            "http_request_duration_seconds{handler!~\"\(ProposedIndicators.ownRequests)\"}"
        ),
        (
            """
            http_server_requests_seconds_count{status="200",uri="/a"} 5
            http_server_requests_seconds_sum{status="200",uri="/a"} 1

            """, "micrometer",
            "http_server_requests_seconds_count{uri!~\"\(ProposedIndicators.ownRequests)\"}",
            "http_server_requests_seconds_count{uri!~\"\(ProposedIndicators.ownRequests)\",status=~\"5..\"}", nil
        ),
        (
            """
            http_server_request_duration_seconds_bucket{http_response_status_code="200",le="+Inf"} 5
            http_server_request_duration_seconds_count{http_response_status_code="200"} 5

            """, "opentelemetry", "http_server_request_duration_seconds_count",
            "http_server_request_duration_seconds_count{http_response_status_code=~\"5..\"}",
            "http_server_request_duration_seconds"
        ),
        (
            """
            envoy_cluster_upstream_rq_xx{envoy_cluster_name="old",envoy_response_code_class="2"} 5
            envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="old",le="+Inf"} 5

            """, "envoy", "envoy_cluster_upstream_rq_xx",
            "envoy_cluster_upstream_rq_xx{envoy_response_code_class=~\"5\"}", "envoy_cluster_upstream_rq_time"
        ),
        (
            "haproxy_server_http_responses_total{proxy=\"b\",server=\"old1\",code=\"2xx\"} 5\n", "haproxy",
            "haproxy_server_http_responses_total", "haproxy_server_http_responses_total{code=~\"5xx\"}", nil
        ),
        (
            "nginx_vts_upstream_requests_total{upstream=\"u\",backend=\"b\",code=\"2xx\"} 5\n", "nginx-vts",
            "nginx_vts_upstream_requests_total{code=~\"[1-5]xx\"}",
            "nginx_vts_upstream_requests_total{code=~\"[1-5]xx\",code=~\"5xx\"}", nil
        ),
        (
            "grpc_server_handled_total{grpc_code=\"OK\"} 5\n", "grpc", "grpc_server_handled_total",
            "grpc_server_handled_total{grpc_code=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss\"}",
            nil
        ),
        (
            """
            shop_requests_total{status="200"} 5
            shop_request_latency_seconds_bucket{le="+Inf"} 5
            promhttp_metric_handler_requests_total{code="200"} 9

            """, nil, "shop_requests_total", "shop_requests_total{status=~\"5..\"}", "shop_request_latency_seconds"
        ),
        (
            """
            shop_requests_total 5
            shop_errors_total 1
            queue_errors_total 1

            """, nil, "shop_requests_total", "shop_errors_total", nil
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

    @Test func aBodyWithoutRequestsIsNotRecognised() throws {
        #expect(try Self.recognise("process_cpu_seconds_total 5\ngo_goroutines 7\n") == nil)
        #expect(try Self.recognise("promhttp_metric_handler_requests_total{code=\"200\"} 9\n") == nil)
    }

    /// A preset that proposes what a configuration refuses would be worse than none.
    @Test(arguments: ServicePresets.all.map(\.name))
    func everyPresetProposesSelectors(_ name: String) throws {
        let preset = try #require(ServicePresets.all.first { $0.name == name })
        let labels = Set([preset.outcomeLabel, preset.pathLabel].compactMap { $0 })
        let proposed = ProposedIndicators(preset, labels: labels, hasLatency: true, latencyLabels: labels)
        for selector in [proposed.requests, proposed.errors, proposed.latency].compactMap({ $0 }) {
            #expect(throws: Never.self) { try SeriesSelector(parsing: selector) }
        }
        #expect(ServicePresets.all.filter { $0.name == name }.count == 1)
    }

    @Test(arguments: ReadyRules.files.map(\.name))
    func readyRulesAreThoseOfTheFolder(_ name: String) throws {
        let path = #filePath.replacing("Tests/ConfigurationFilesTests/PresetTests.swift", with: "rules/\(name)")
        #expect(try ReadyRules.text(of: name) == String(contentsOfFile: path, encoding: .utf8))
    }
}
