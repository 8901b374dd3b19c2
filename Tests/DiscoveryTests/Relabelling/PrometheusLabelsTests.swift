import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// The table of relabelling is what a real Prometheus makes of the same targets.
@Suite("Labels by a real Prometheus", .enabled(if: PrometheusLabels.isInstalled, "prometheus is not installed"))
struct PrometheusLabelsTests {
    @Test func areThoseOfTheTable() async throws {
        let found = try await PrometheusLabels.outcomes(of: RelabelCase.table)
        #expect(found.count == RelabelCase.table.count)
        for (row, outcome) in zip(RelabelCase.table, found) { #expect(outcome == row.outcome, "\(row.name)") }
    }
}

/// One run of Prometheus with a job per case.
enum PrometheusLabels {
    private static let path = "/usr/bin/prometheus"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    static func outcomes(of table: [RelabelCase]) async throws -> [RelabelCase.Outcome] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("relabel-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try configuration(table).write(to: folder.appendingPathComponent("prometheus.yml"))
        // Below the range of ports that the system gives out by itself.
        let port = Int.random(in: 20_000..<32_000)
        let process = try start(in: folder, port: port)
        defer { stop(process) }
        return try await shown(table, port: port, process)
    }

    /// JSON is YAML. A label of each target says which case it is; labels of this kind are removed at the end.
    private static func configuration(_ table: [RelabelCase]) throws -> Data {
        let jobs = try table.enumerated().map { index, row -> [String: Any] in
            var labels = row.labels
            labels["__case"] = String(index)
            return [
                "job_name": "case\(index)", "static_configs": [["targets": [row.address], "labels": labels]],
                "relabel_configs": try JSONSerialization.jsonObject(with: Data(row.written.utf8)),
            ]
        }
        return try JSONSerialization.data(
            withJSONObject: ["global": ["scrape_interval": "1h"], "scrape_configs": jobs],
            options: [.withoutEscapingSlashes])
    }

    private static func start(in folder: URL, port: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [
            "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:\(port)",
        ]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func stop(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        var info = siginfo_t()
        while waitid(P_PID, id_t(process.processIdentifier), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// Targets come all at once, some seconds after the start; those with an error never come.
    private static func shown(_ table: [RelabelCase], port: Int, _ process: Process) async throws
        -> [RelabelCase.Outcome]
    {
        let wanted = table.count { $0.outcome != .noAddress }
        var latest: [Int: RelabelCase.Outcome] = [:]
        for _ in 0..<300 where latest.count < wanted && process.isRunning {
            try await Task.sleep(for: .milliseconds(100))
            if let read = try? await read(port: port) { latest = read }
        }
        return table.indices.map { latest[$0] ?? .noAddress }
    }

    private struct Answer: Decodable {
        struct Lists: Decodable {
            let activeTargets: [Target]
            let droppedTargets: [Target]
        }
        struct Target: Decodable {
            let discoveredLabels: [String: String]
            let labels: [String: String]?
            let scrapePool: String?
        }
        let data: Lists
    }

    private static func read(port: Int) async throws -> [Int: RelabelCase.Outcome] {
        guard let url = URL(string: "http://127.0.0.1:\(port)/api/v1/targets?state=any") else { return [:] }
        let lists = try JSONDecoder().decode(Answer.self, from: try await URLSession.shared.data(from: url).0).data
        var found: [Int: RelabelCase.Outcome] = [:]
        for target in lists.droppedTargets {
            if let index = target.discoveredLabels["__case"].flatMap({ Int($0) }) { found[index] = .dropped }
        }
        // `labelkeep` may take the mark from the labels that were discovered, too; their pool has the job's name.
        for target in lists.activeTargets {
            guard let index = target.scrapePool.flatMap({ Int($0.dropFirst("case".count)) }) else { continue }
            // The table has one name for all jobs.
            found[index] = .labels((target.labels ?? [:]).mapValues { $0 == "case\(index)" ? "case" : $0 })
        }
        return found
    }
}
