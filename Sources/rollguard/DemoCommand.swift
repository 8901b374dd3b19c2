import ArgumentParser
import DemoWorld

/// Everything in one process: two versions, a router, load, a fault, the rollback and its proof.
struct DemoCommand: AsyncParsableCommand {
    enum Fault: String, ExpressibleByArgument, CaseIterable {
        case errors, latency, crash, subtle, outage, none
    }

    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch a bad release being caught, with real sockets, in under a minute.",
        discussion: """
            Starts three instances of v1.4.2 and two of v1.5.0 behind the gray router,
            sends 500 requests per second from sticky users, 10 % of them to v1.5.0, and
            lets v1.5.0 go bad after 15 seconds. The story ends with the proof that
            v1.5.0 serves nothing any more, and the webhook as it was received. Exit
            code 0 when the story ended as it should, 1 when not. Ctrl-C takes
            everything down at once.

            With subtle, outage and none, half of the requests (1500 per second, 1000 with
            outage) go to v1.5.0, both versions fail 1 % of the time, and a rule with
            `regression` watches beside a bare `canary > 1.5 * baseline`. With subtle,
            v1.5.0 begins to fail 2 %. With outage, both versions fail half of their requests
            for seconds at a time, and v1.5.0's metrics are half a second younger than
            v1.4.2's: nothing must be rolled back. Before that the daemon watches v1.4.2
            alone for two minutes: what it learns there makes the evidence faster.

            With --story release, a good version is led from 1 % of the users to all of them,
            each step with evidence, and a second one is caught on its way: what CI would order
            is ordered through the API. It takes up to two minutes.

            With --story centre, the router's policy and the daemon's rules are in a real etcd,
            which has to be installed: traffic follows the policy, the daemon takes a stricter
            rule from there, and etcd agrees after the rollback. It takes about a minute.
            """)

    enum Story: String, ExpressibleByArgument, CaseIterable {
        case fault, release, centre
    }

    @Option(
        help:
            "Which story: fault (one bad version), release (a good version for everybody, and a bad one), or centre (policy and rules in etcd)."
    )
    var story: Story = .fault

    @Option(help: "What goes wrong with the new version: errors, latency, crash, subtle, outage or none.")
    var fault: Fault = .errors

    @Option(help: "Seconds of health before the fault.")
    var faultAfter: Int = 15

    @Option(help: "Requests per second. [default: 500; 1500 with subtle and none, 1000 with outage]")
    var rate: Int?

    @Option(help: "Seconds that the old version is watched alone before. [default: 0; 120 with `regression`]")
    var history: Int?

    @Option(help: "Seed of users and failures: another one is another run of luck.")
    var seed: UInt64 = 42

    func validate() throws {
        guard (1...30).contains(faultAfter) else { throw ValidationError("--fault-after takes 1 to 30 seconds") }
        guard (0...600).contains(history ?? 0) else { throw ValidationError("--history takes 0 to 600 seconds") }
        guard (10...2_000).contains(rate ?? 500) else {
            throw ValidationError("--rate takes 10 to 2000 requests per second")
        }
    }

    func run() async throws {
        switch story {
        case .release: return try await runRelease()
        case .centre: return try await runCentre()
        case .fault: break
        }
        let scene = DemoScene(fault)
        let story = DemoStory(
            fault: fault, scene: scene, historySeconds: history ?? scene.historySeconds, faultAfterSeconds: faultAfter,
            requestsPerSecond: rate ?? scene.requestsPerSecond, seed: seed)
        let interrupted = try await Interruption.watch {
            let ending = try await story.run()
            guard ending.isAsItShouldBe else { throw Failure.no(ending.text) }
        }
        if let interrupted { throw interrupted }
    }

    private func runRelease() async throws {
        let story = ReleaseStory(requestsPerSecond: rate ?? 1_500, seed: seed)
        let interrupted = try await Interruption.watch {
            let ending = try await story.run()
            guard ending.isAsItShouldBe else { throw Failure.no(ending.text) }
        }
        if let interrupted { throw interrupted }
    }

    private func runCentre() async throws {
        let story = CentreStory(requestsPerSecond: rate ?? 500, seed: seed)
        let interrupted = try await Interruption.watch {
            let ending = try await story.run()
            guard ending.isAsItShouldBe else { throw Failure.no(ending.text) }
        }
        if let interrupted { throw interrupted }
    }
}
