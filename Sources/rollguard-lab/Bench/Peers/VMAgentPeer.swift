/// VictoriaMetrics' scraper, which sends the samples on to a store that keeps nothing. It judges no rules.
struct VMAgentPeer: Peer {
    let name = "vmagent"
    let hasRules = false
    let seriesLimit = 10_000_000
    var program: String? { Installed.program("vmagent", variable: "VMAGENT_BIN") }

    func prepare(_ assignment: Assignment, server: TargetServer, folder: String) throws -> [String] {
        let interval = "\(assignment.intervalMs)ms"
        try Installed.write(
            "global: {scrape_interval: \(interval), scrape_timeout: \(interval)}\n"
                + ScrapeConfiguration.text(assignment, server: server), to: folder + "/scrape.yaml")
        return [
            "-promscrape.config=\(folder)/scrape.yaml", "-remoteWrite.url=\(server.url("/api/v1/write"))",
            "-remoteWrite.tmpDataPath=\(folder)/data", "-httpListenAddr=127.0.0.1:\(FreePort.find())",
            "-loggerLevel=WARN",
        ]
    }

    func call(for release: String) -> (path: String, text: String) { ("", "") }
}
