import Foundation

/// One line of the table that `make test-routers` prints.
struct RouterRow: Sendable {
    let name: String
    let variant: String
    let instances: Int
    var before: [String: Int] = [:]
    var after: [String: Int] = [:]
    var afterRestart: [String: Int] = [:]
    var canaryRequestsAfterAcknowledgement = 0
    /// Milliseconds from the verdict.
    var appliedMs: Int64?
    var observedMs: Int64?
    var provenMs: Int64?
    /// From the read-back that showed the canary back to the next acknowledgement; nil where the restart changed
    /// nothing.
    var putBackMs: Int64?
    var baselineFailures = 0
    /// 5xx answers that no version gave.
    var routerFailures = 0
    /// The canary's own, which the fault ordered.
    var canaryFailures = 0
    /// Requests without a whole answer, and those that were cut off after a service had seen them, though repeated.
    var brokenRequests = 0
    /// Requests that a client had to send again, on a new connection, because the router closed the old one.
    var repeatedRequests = 0

    init(_ router: LiveRouter) {
        name = router.name
        variant = router.variant
        instances = router.entries.count
    }

    fileprivate var cells: [String] {
        func ms(_ value: Int64?) -> String { value.map(String.init) ?? "-" }
        return [
            name, variant, "\(instances)", Self.text(before), Self.text(after),
            "\(canaryRequestsAfterAcknowledgement)", ms(appliedMs), ms(observedMs), ms(provenMs),
            "\(baselineFailures)/\(routerFailures)/\(brokenRequests)", "\(repeatedRequests)", Self.text(afterRestart),
            putBackMs.map(String.init) ?? "kept",
        ]
    }

    private static func text(_ counts: [String: Int]) -> String {
        let versions = "\(counts["v1", default: 0])/\(counts["v2", default: 0])"
        let others = counts.filter { !["v1", "v2"].contains($0.key) }.sorted { $0.key < $1.key }
        return ([versions] + others.map { "\($0.key.isEmpty ? "router" : $0.key) \($0.value)" }).joined(separator: " ")
    }
}

/// Collects the rows of one run in a file, because tests end one by one and which is the last is unknown.
enum RouterTable {
    static let header = [
        "router", "variant", "instances", "before v1/v2", "after v1/v2", "canary after ack", "applied ms",
        "observed ms", "proven ms", "failed v1/router/broken", "repeated", "after restart v1/v2", "put back ms",
    ]

    static let stepHeader = [
        "router", "variant", "growth", "smallest step %", "read back %", "requests at the canary %", "users moved back",
        "turned: read back %", "turned: requests %", "turned: users moved back",
    ]

    /// The file that the environment names, or none.
    private static var path: String? { ProcessInfo.processInfo.environment["ROLLGUARD_ROUTER_TABLE"] }

    private static var stepPath: String? { path.map { $0 + ".steps" } }

    static func add(_ row: RouterRow) { write(row.cells) }

    static func addSteps(_ cells: [String]) { write(cells, columns: stepHeader.count, to: stepPath) }

    /// A router that is not here gets a row that says so.
    static func addMissing(_ router: LiveRouter) {
        write([router.name, router.variant, "not installed: \(router.missing.joined(separator: ", "))"])
    }

    private static func write(_ cells: [String]) { write(cells, columns: header.count, to: path) }

    private static func write(_ cells: [String], columns: Int, to path: String?) {
        let line = "| " + (cells + Array(repeating: "", count: columns - cells.count)).joined(separator: " | ")
        print(line + " |")
        guard let path, let handle = FileHandle(forWritingAtPath: path) else { return }
        defer { try? handle.close() }
        _ = try? handle.seekToEnd()
        // One write of one line: rows of tests that run at the same time do not mix.
        try? handle.write(contentsOf: Data((line + " |\n").utf8))
    }
}
