import Discovery
import Foundation

/// vmagent as another implementation of service discovery.
enum VMAgent {
    private struct Answer: Decodable {
        struct Lists: Decodable { let activeTargets: [Target] }
        struct Target: Decodable { let discoveredLabels: [String: String] }
        let data: Lists
    }

    /// The labels of each target before relabelling, when there are as many targets as that.
    ///
    /// - Parameter nameServer: the address of the one that it asks, on port 53, in the place of the machine's; needs root.
    static func labels(
        job: String, folder: String, count: Int, nameServer: String? = nil
    ) async throws -> [[String: String]] {
        let text = "scrape_configs:\n- job_name: j\n  scrape_interval: 1h\n  " + job + "\n"
        try text.write(toFile: folder + "/vmagent.yml", atomically: true, encoding: .utf8)
        let port = Live.port()
        let arguments = [
            "-promscrape.config=vmagent.yml", "-remoteWrite.url=http://127.0.0.1:9/", "-remoteWrite.tmpDataPath=vm",
            "-httpListenAddr=127.0.0.1:\(port)", "-promscrape.consulSDCheckInterval=1s",
        ]
        let program = try start(arguments, folder: folder, nameServer: nameServer)
        defer { program.stop() }
        var found: [[String: String]] = []
        try await Live.eventually {
            guard let body = await Live.call("GET", "http://127.0.0.1:\(port)/api/v1/targets"),
                let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.utf8))
            else { return false }
            found = answer.data.activeTargets.map(\.discoveredLabels)
            return found.count >= count
        }
        return found
    }

    private static func start(_ arguments: [String], folder: String, nameServer: String?) throws -> RealProgram {
        guard let nameServer else { return try RealProgram("vmagent", arguments, folder: folder) }
        try "nameserver \(nameServer)\n".write(toFile: folder + "/resolv.conf", atomically: true, encoding: .utf8)
        // Only this process sees the other file.
        let script = "mount --make-rprivate / && mount --bind resolv.conf /etc/resolv.conf && exec vmagent \"$@\""
        return try RealProgram("unshare", ["-m", "sh", "-c", script, "sh"] + arguments, folder: folder)
    }

    /// What the source says; labels without a value are absent.
    static func meta(_ labels: [String: String]) -> [String: String] {
        labels.filter { ($0.key.hasPrefix("__meta_") || $0.key == "__address__") && !$0.value.isEmpty }
    }

    static func meta(_ labels: LabelSet) -> [String: String] {
        meta(Dictionary(uniqueKeysWithValues: labels.labels.map { ($0.name, $0.value) }))
    }
}
