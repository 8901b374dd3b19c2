import Foundation
import Telemetry
import Testing

/// Scrape bodies of real programs, read by us and stored by a real Prometheus from the same bytes: the same series, the
/// same values.
@Suite(
    "Expositions of real programs",
    .enabled(
        if: ["prometheus", "prometheus-node-exporter", "haproxy", "nginx"].allSatisfy { RealProgram.path($0) != nil },
        "prometheus, prometheus-node-exporter, haproxy or nginx is not installed"))
struct RealInputTests {
    @Test func areReadAsPrometheusStoresThem() async throws {
        let folder = try Scratch.folder("real-input")
        let ports = (
            node: try Scratch.port(), haproxy: try Scratch.port(), pages: try Scratch.port(), api: try Scratch.port()
        )
        let prometheus = try RealInputTests.prometheus(folder, pages: ports.pages, api: ports.api)
        let node = try RealProgram(
            "prometheus-node-exporter", ["--web.listen-address=127.0.0.1:\(ports.node)"], folder: folder)
        let haproxy = try RealInputTests.haproxy(folder, port: ports.haproxy)
        let sources = [("node", ports.node), ("haproxy", ports.haproxy), ("prometheus", ports.api)]
        var pages: [String: [UInt8]] = [:]
        for (name, port) in sources {
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            _ = await eventually(100) { try await HTTP.send("GET", url).status == 200 }
            let answer = try await HTTP.send("GET", url)
            #expect(try ExpositionFormat(contentType: answer.contentType, fallback: nil) == .prometheusText, "\(name)")
            pages[name] = [UInt8](answer.body)
            try answer.body.write(to: folder.appendingPathComponent(name))
        }
        // The programs' figures change all the time, so both readers get the same saved bytes.
        let nginx = try RealInputTests.nginx(folder, port: ports.pages)
        for (name, page) in pages.sorted(by: { $0.key < $1.key }) {
            let ours = Set(
                try Exposition.samples(in: page, format: .prometheusText).map { RealInputTests.key($0) })
            #expect(ours.count > 50, "\(name)")
            var theirs: Set<String> = []
            _ = await eventually(400) {
                theirs = try await RealInputTests.stored(job: name, api: ports.api)
                return theirs.count >= ours.count
            }
            #expect(
                ours.subtracting(theirs).isEmpty, "\(name): only ours: \(ours.subtracting(theirs).sorted().prefix(5))")
            #expect(
                theirs.subtracting(ours).isEmpty, "\(name): only theirs: \(theirs.subtracting(ours).sorted().prefix(5))"
            )
            print("\(name): \(page.count) bytes, \(ours.count) series, as Prometheus stores them")
        }
        for program in [nginx, node, haproxy, prometheus] { await program.stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    private static func key(_ sample: ExpositionSample) -> String {
        key(name: sample.name, labels: sample.labels.map { ($0.name, $0.value) }, value: sample.valueText)
    }

    /// `le` and `quantile` as numbers: older servers store them as they are in the scrape body.
    private static func key(name: String, labels: [(String, String)], value: String) -> String {
        let pairs = labels.map { label, value in
            let number = ["le", "quantile"].contains(label) ? Double(value).map { "\($0)" } : nil
            return "\(label)=\(number ?? value)"
        }
        return name + "{" + pairs.sorted().joined(separator: ",") + "} " + value
    }

    private struct Query: Decodable {
        struct Data: Decodable { let result: [Series] }
        struct Series: Decodable {
            let metric: [String: String]
            let value: [Value]
        }
        enum Value: Decodable {
            case text(String)
            case time

            init(from decoder: any Decoder) throws {
                self = (try? decoder.singleValueContainer().decode(String.self)).map(Value.text) ?? .time
            }
        }
        let data: Data
    }

    private static func stored(job: String, api: Int) async throws -> Set<String> {
        let query = "%7Bjob%3D%22\(job)%22%7D"
        guard let url = URL(string: "http://127.0.0.1:\(api)/api/v1/query?query=\(query)") else { return [] }
        let answer = try JSONDecoder().decode(Query.self, from: try await HTTP.get(url))
        let synthetic = [
            "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added",
            "scrape_samples_post_metric_relabeling",
        ]
        return Set(
            answer.data.result.compactMap { series -> String? in
                guard let name = series.metric["__name__"], !synthetic.contains(name) else { return nil }
                guard case .text(let value)? = series.value.last else { return nil }
                let labels = series.metric.filter { !["__name__", "job", "instance"].contains($0.key) }.map {
                    ($0.key.hasPrefix("exported_") ? String($0.key.dropFirst(9)) : $0.key, $0.value)
                }
                return key(name: name, labels: labels, value: value)
            })
    }

    private static func prometheus(_ folder: URL, pages: Int, api: Int) throws -> RealProgram {
        let jobs = ["node", "haproxy", "prometheus"].map {
            "  - {job_name: \($0), metrics_path: /\($0), static_configs: [{targets: ['127.0.0.1:\(pages)']}]}\n"
        }
        let text = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" + jobs.joined()
        let path = folder.appendingPathComponent("prometheus.yml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RealProgram(
            "prometheus",
            [
                "--config.file=\(path)", "--storage.tsdb.path=\(folder.path)/tsdb",
                "--web.listen-address=127.0.0.1:\(api)",
            ],
            folder: folder)
    }

    private static func haproxy(_ folder: URL, port: Int) throws -> RealProgram {
        let path = folder.appendingPathComponent("haproxy.cfg").path
        let text = """
            defaults
                mode http
                timeout connect 1s
                timeout client 5s
                timeout server 5s
            frontend exporter
                bind 127.0.0.1:\(port)
                http-request use-service prometheus-exporter if { path /metrics }

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RealProgram("haproxy", ["-db", "-f", path], folder: folder)
    }

    private static func nginx(_ folder: URL, port: Int) throws -> RealProgram {
        let path = folder.appendingPathComponent("nginx.conf").path
        let text = """
            daemon off; master_process off; pid \(folder.path)/nginx.pid; error_log \(folder.path)/nginx.err;
            events {}
            http {
                access_log off; types {} default_type "text/plain; version=0.0.4; charset=utf-8";
                server { listen 127.0.0.1:\(port); root \(folder.path); }
            }

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RealProgram("nginx", ["-p", folder.path, "-c", path], folder: folder)
    }
}
