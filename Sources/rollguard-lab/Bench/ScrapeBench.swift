import DemoWorld
import HTTPClient
import Model
import Ports
import Telemetry

/// CPU of a whole scrape over a real socket: the request, the transfer, the reading.
struct ScrapeBench {
    private static let scrapes = 2_000

    func printRows() async throws {
        let exposition = ScrapeBench.exposition(bytes: 100_000)
        let server = ExpositionServer(body: exposition, contentType: "text/plain; version=0.0.4")
        let address = try await server.start()
        let transport = CurlTransport(userAgent: "Rollguard-bench", secrets: NoSecrets())
        let fetch = try await cost(transport, address, reader: nil)
        let reader = try TargetReader(
            watch: WatchList(requests: try SeriesSelector(parsing: "requests_total")), limits: ScrapeLimits())
        let whole = try await cost(transport, address, reader: reader)
        await transport.shutdown()
        await server.stop()
        // The server runs in this process too; its part is in both figures.
        print("a scrape of \(exposition.count) bytes over loopback, server included, one at a time, CPU time")
        print("  fetched:          \(Table.number(fetch * 1e6)) us")
        print("  fetched and read: \(Table.number(whole * 1e6)) us")
    }

    private func cost(_ transport: CurlTransport, _ address: String, reader: TargetReader?) async throws -> Double {
        var reader = reader
        let before = Stopwatch.cpuSeconds
        for round in 0..<ScrapeBench.scrapes {
            let response = try await transport.send(HTTPRequest(url: "http://\(address)/metrics"))
            _ = try reader?.read(
                response.body, format: .prometheusText, atUptimeMs: Int64(round), countNewWithin: nil)
        }
        return (Stopwatch.cpuSeconds - before) / Double(ScrapeBench.scrapes)
    }

    private static func exposition(bytes: Int) -> [UInt8] {
        var text = "# TYPE requests_total counter\nrequests_total{code=\"200\"} 1\n"
        var index = 0
        while text.utf8.count < bytes {
            text += "app_latency_seconds_bucket{handler=\"/api/v1/orders\",le=\"0.\(index)\"} \(index * 31)\n"
            index += 1
        }
        return [UInt8](text.utf8)
    }
}

/// Nothing here needs a secret.
private struct NoSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String { throw .unsetVariable(name: "none") }
}
