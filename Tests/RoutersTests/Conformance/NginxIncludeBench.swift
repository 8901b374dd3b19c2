import Model
import Ports
import RouterConformance
import Synchronization
import Testing

@testable import Routers

extension BenchKind {
    static let nginxInclude = nginx(
        "nginx include, scripted",
        .choices([.init(variable: "$checkout_version", key: "$request_id")], baseline: "old", canary: "new"),
        shares: [0, 1_000, 5_001, 0])
    static let nginxUpstream = nginx(
        "nginx upstream, scripted", .upstream(name: "checkout", baseline: ["a:1", "b:1"], canary: ["c:1"]),
        shares: [0, 1_000, 5_000, 0])

    /// nginx itself refuses no client; whoever may write the file and send the signal may do everything.
    private static func nginx(
        _ name: String, _ content: NginxIncludePlan.Content, shares: [Int]
    ) -> BenchKind {
        let cannot: Set<RouterFact> = [
            .wrongCredentialsAreRejected, .aDeadBaselineIsReported, .noSecretComesOut, .aConflictIsWonOrReported,
        ]
        return BenchKind(name: name, cannotCheck: cannot) { work in
            let machine = try FakeNginx(names: ["one.conf", "two.conf"], content: content)
            func driver(folder: String = "/etc/nginx") throws -> any RouterDriver {
                let instances = machine.names.enumerated().map { index, name in
                    NginxIncludePlan.Instance(
                        file: "\(folder)/\(name)", command: ["/usr/sbin/nginx", "-c", "\(index)"],
                        stateURL: "http://127.0.0.1:\(7001 + index)/.rollguard/checkout")
                }
                return try NginxIncludeDriver(
                    plan: NginxIncludePlan(instances: instances, content: content), release: "checkout",
                    transport: machine, host: machine, aim: TestedAim.current)
            }
            var bench = RouterBench(driver: try driver(), shares: shares, timeoutMs: 300) { machine.loaded($0) }
            bench.tamper = { try machine.set($1, on: $0) }
            bench.setMood = { machine.setMood($1, on: $0) }
            bench.moods = [.refused, .hangs, .declines, .fails, .rubbish, .lies, .stale, .losesAnswers]
            bench.restart = { try machine.set(1_000, on: $0) }
            bench.misnamed = [try driver(folder: "/etc/elsewhere")]
            bench.history = { machine.history }
            try await work(bench)
        }
    }
}

/// Two nginxes on one machine: their files, `nginx -t`, reloads, and what the workers serve.
private final class FakeNginx: NginxHost, HTTPTransport {
    private struct Instance: Sendable {
        var file: String?
        var loaded: NginxState
        var mood = RouterMood.well
    }

    let names: [String]
    private let include: NginxInclude
    private let instances: Mutex<[Instance]>
    private let seen = Mutex<[(baseline: Int, canary: Int)]>([])

    init(names: [String], content: NginxIncludePlan.Content) throws {
        self.names = names
        let include = try NginxInclude(content, release: "checkout")
        self.include = include
        let text = include.text(Split(canaryBasisPoints: 1_000))
        instances = Mutex(names.map { _ in Instance(file: text, loaded: include.state(of: text)!) })
    }

    var history: [(baseline: Int, canary: Int)] { seen.withLock { $0 } }

    func loaded(_ index: Int) -> Int { instances.withLock { $0[index].loaded.canaryBasisPoints } }

    func setMood(_ mood: RouterMood, on index: Int) { instances.withLock { $0[index].mood = mood } }

    /// Another client writes and reloads.
    func set(_ basisPoints: Int, on index: Int) throws {
        let text = include.text(Split(canaryBasisPoints: basisPoints))
        instances.withLock {
            $0[index].file = text
            $0[index].loaded = include.state(of: text)!
        }
        seen.withLock { $0.append((10_000 - basisPoints, basisPoints)) }
    }

    /// Nil for a file that no nginx includes.
    private func index(_ path: String) -> Int? { names.firstIndex { path == "/etc/nginx/" + $0 } }

    private func mood(_ index: Int) -> RouterMood { instances.withLock { $0[index].mood } }

    // MARK: The machine

    func read(_ path: String) throws(NginxHostError) -> String? {
        index(path).flatMap { index in instances.withLock { $0[index].file } }
    }

    func replace(_ path: String, with text: String) throws(NginxHostError) {
        guard let index = index(path) else { return }
        instances.withLock { $0[index].file = text }
    }

    func writeProblem(_ path: String) -> String? { nil }

    func remove(_ path: String) {
        guard let index = index(path) else { return }
        instances.withLock { $0[index].file = nil }
    }

    func run(_ command: [String], timeoutMs: Int64) async throws(NginxHostError) -> (status: Int32, output: String) {
        let index = Int(command[2])!
        switch (mood(index), command.last) {
        case (.hangs, _):
            try? await Task.sleep(for: .milliseconds(timeoutMs))
            throw NginxHostError(mayHaveActed: true, reason: "nginx did not end within \(timeoutMs) ms")
        case (.declines, "-q"):
            return (1, "nginx: [emerg] host not found in upstream \"nowhere\" in /etc/nginx/nginx.conf:9\n")
        case (.fails, "reload"), (.refused, "reload"):
            return (1, "nginx: [error] open() \"/run/nginx.pid\" failed (2: No such file or directory)\n")
        case (.lies, "reload"), (.stale, "reload"): return (0, "")
        case (_, "reload"):
            reload(index)
            return (0, "")
        default: return (0, "")
        }
    }

    private func reload(_ index: Int) {
        instances.withLock { instances in
            guard let state = instances[index].file.flatMap({ include.state(of: $0) }) else { return }
            instances[index].loaded = state
        }
        let points = loaded(index)
        seen.withLock { $0.append((10_000 - points, points)) }
    }

    // MARK: The location

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let index = names.indices.first(where: { request.url.contains(":\(7001 + $0)") }),
            request.url.hasSuffix("/.rollguard/checkout")
        else { return .text(404, "<html>404 Not Found</html>") }
        switch mood(index) {
        case .refused: throw .connectFailed(address: request.url, reason: "connection refused")
        case .hangs:
            try? await Task.sleep(for: .milliseconds(request.timeoutMs))
            throw .timedOut(address: request.url, afterMs: request.timeoutMs)
        case .losesAnswers: throw .broken(address: request.url, reason: "reset")
        case .rubbish: return .text(200, "<html>\u{0}")
        default: return .text(200, instances.withLock { $0[index].loaded.encoded } + "\n")
        }
    }
}
