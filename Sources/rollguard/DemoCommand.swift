import ArgumentParser
import DemoWorld

/// Everything in one process: two versions, a router, load, a fault, the rollback and its proof.
struct Demo: AsyncParsableCommand {
    enum Fault: String, ExpressibleByArgument, CaseIterable {
        case errors, latency, crash, none
    }

    static let configuration = CommandConfiguration(
        abstract: "Watch a bad release being caught, with real sockets, in under a minute.",
        discussion: """
            Starts three instances of v1.4.2 and two of v1.5.0 behind the gray router,
            sends 500 requests per second from sticky users, 10 % of them to v1.5.0, and
            lets v1.5.0 go bad after 15 seconds. The story ends with the proof that
            v1.5.0 serves nothing any more, and the webhook as it was received. Exit
            code 0 when the story ended as it should, 1 when not.
            """)

    @Option(help: "What goes wrong with the new version: errors, latency, crash or none.")
    var fault: Fault = .errors

    @Option(help: "Seconds of health before the fault.")
    var faultAfter: Int = 15

    @Option(help: "Requests per second.")
    var rate: Int = 500

    func validate() throws {
        guard (1...30).contains(faultAfter) else { throw ValidationError("--fault-after takes 1 to 30 seconds") }
        guard (10...2_000).contains(rate) else { throw ValidationError("--rate takes 10 to 2000 requests per second") }
    }

    func run() async throws {
        let story = DemoStory(fault: fault, faultAfterSeconds: faultAfter, requestsPerSecond: rate)
        let ending = try await story.tell()
        guard ending.isAsItShouldBe else { throw Failure.no(ending.text) }
    }
}
