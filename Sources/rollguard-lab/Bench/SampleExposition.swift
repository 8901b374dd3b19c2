import Foundation
import Telemetry

/// An exposition to parse.
struct SampleExposition {
    let name: String
    let bytes: [UInt8]
    let format: ExpositionFormat
    /// A histogram that most of its samples belong to.
    var latency: String?

    /// An exposition as services have them: help, type, labels, counters, histograms.
    static func generated(megabytes: Int) -> SampleExposition {
        var text = ""
        text.reserveCapacity(megabytes << 20 + 4_096)
        var family = 0
        while text.utf8.count < megabytes << 20 {
            text +=
                "# HELP app_family_\(family)_total Things that happened.\n# TYPE app_family_\(family)_total counter\n"
            for code in [200, 204, 301, 400, 404, 500, 502, 503] {
                for method in ["GET", "POST", "PUT"] {
                    text +=
                        "app_family_\(family)_total{code=\"\(code)\",handler=\"/api/v1/orders\",method=\"\(method)\"}"
                        + " \(family * 7_919 + code)\n"
                }
            }
            family += 1
        }
        text += "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 12345\n"
        text += "http_requests_total{code=\"500\"} 17\n"
        return SampleExposition(name: "generated \(megabytes) MB", bytes: [UInt8](text.utf8), format: .prometheusText)
    }

    /// A service's exposition of some 100 kB: per route three codes and a histogram with twenty buckets, and fifty
    /// gauges.
    static func service(routes: Int) -> SampleExposition {
        var text = "# TYPE http_requests_total counter\n# TYPE http_request_duration_seconds histogram\n"
        let bounds = (0..<19).map { "\(Double(1 << $0) / 1_000)" } + ["+Inf"]
        for route in 0..<routes {
            let labels = "instance_zone=\"zone-a\",handler=\"/api/v1/orders/\(route)\""
            for code in [200, 404, 500] {
                text += "http_requests_total{\(labels),code=\"\(code)\"} \(route * 7_919 + code)\n"
            }
            for (index, bound) in bounds.enumerated() {
                text += "http_request_duration_seconds_bucket{\(labels),le=\"\(bound)\"} \(route * 31 + index * 977)\n"
            }
            text += "http_request_duration_seconds_sum{\(labels)} \(Double(route * 977 + 1) * 1.2345678901)\n"
            text += "http_request_duration_seconds_count{\(labels)} \(route * 977 + 19_000)\n"
        }
        for gauge in 0..<50 { text += "# TYPE go_gauge_\(gauge) gauge\ngo_gauge_\(gauge) \(gauge)e+06\n" }
        return SampleExposition(
            name: "service, \(routes) routes", bytes: [UInt8](text.utf8), format: .prometheusText,
            latency: "http_request_duration_seconds")
    }

    /// Expositions of the Prometheus project, where the conformance data is at hand.
    static var sharedFolder: String? {
        let named = ProcessInfo.processInfo.environment["ROLLGUARD_SHARED"] ?? "../shared"
        let folder = named + "/conformance/textparse"
        return FileManager.default.fileExists(atPath: folder) ? folder : nil
    }

    static func textparse(in folder: String) -> [SampleExposition] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.compactMap { name in
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return nil }
            let isOpenMetrics = name.lowercased().contains("om")
            return SampleExposition(
                name: name, bytes: [UInt8](data), format: isOpenMetrics ? .openMetrics : .prometheusText)
        }
    }
}
