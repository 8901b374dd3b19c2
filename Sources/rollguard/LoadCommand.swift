import ArgumentParser
import DemoWorld

/// Clients to try things with: counts which version answers.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Send requests to a router and count which version answers.",
        discussion: """
            Requests come from many users (X-User-Id) over keep-alive connections. The
            version is the answer's X-Rollguard-Version or X-Demo-Version header.

              rollguard load --target 127.0.0.1:8080 --count 500
              rollguard load --target 127.0.0.1:8080 --rate 100      # until Ctrl-C
            """)

    @Option(help: "HOST:PORT of the router.")
    var target: String

    @Option(help: "Requests per second, 1 to 100000.")
    var rate = 200

    @Option(help: "Stop after this many requests; without it, continue until Ctrl-C.")
    var count: Int?

    func run() async throws {
        guard (1...100_000).contains(rate) else { throw Failure.usage("error: --rate is 1 to 100000") }
        guard count.map({ $0 > 0 }) ?? true else { throw Failure.usage("error: --count is at least 1") }
        let load = LoadGenerator(
            target: target, requestsPerSecond: rate, users: 1_000, seed: 1, requestLimit: count)
        let interrupted = try await Interruption.watch { await load.run() }
        let statistics = await load.statistics()
        Terminal.say(LoadCommand.text(statistics))
        if let interrupted { throw interrupted }
        guard statistics.ok + statistics.failed > 0 else {
            throw Failure.unreachable("error: \(target) answers nothing")
        }
    }

    /// `v1 450, v2 50 (25 failed), no answer 0`.
    static func text(_ statistics: LoadStatistics) -> String {
        let versions = statistics.answersByVersion.sorted { $0.key < $1.key }.map { version, answers in
            let failures = statistics.failuresByVersion[version, default: 0]
            let name = version.isEmpty ? "no version" : version
            return "\(name) \(answers)" + (failures > 0 ? " (\(failures) failed)" : "")
        }
        return (versions + ["no answer \(statistics.broken)"]).joined(separator: ", ")
    }
}
