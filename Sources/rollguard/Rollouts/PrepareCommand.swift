import API
import ArgumentParser
import Support

/// Reserves the free place for a version.
struct PrepareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Reserve the free place of a service for a new version, before it is deployed there.",
        discussion: """
            Deploying into a place that is in use would take the running release or the
            way back away. So CI asks first; the answer names the place. The reservation
            expires (`prepare: {expires: 30m}`), so a job that is cancelled blocks no other.

              PLACE=$(rollguard prepare checkout --version v1.5.0 --print place)
              ./deploy.sh "$PLACE"
              rollguard begin checkout --version v1.5.0

            Exit codes: 0 reserved; 4 the version waits in the queue, or --wait is over;
            6 a newer version took its place in the queue; 7 refused, and the text says
            why.
            """)

    @OptionGroup var version: VersionOptions

    @Option(help: "Wait so long for the place when it is not free.")
    var wait: TimeSpan?

    @Option(help: "Print this alone on standard output: place, rollout or tag.")
    var print: PrintedPart?

    @OptionGroup var order: OrderOptions

    private static let pause: Duration = .seconds(2)
    /// Refusals that end by themselves.
    private static let passing = ["busy", "down_beats_up", "frozen"]

    func run() async throws {
        let api = try order.daemon.open()
        let end = ContinuousClock.now + .milliseconds(wait?.ms ?? 0)
        var document = try await reserve(api, until: end)
        if document.place == nil, let id = document.rollout {
            if print == nil { order.show(document) } else { Terminal.complain(document.text) }
            document = try await awaitTurn(document, id, api, until: end)
        }
        guard let print else { return order.show(document) }
        Terminal.complain(document.text)
        guard let text = print.text(document) else { throw Failure.no("error: the answer has no \(print.rawValue)") }
        Terminal.say(text)
    }

    /// Asks again while the place is taken.
    private func reserve(_ api: DaemonAPI, until end: ContinuousClock.Instant) async throws -> OrderDocument {
        var fixed = order
        fixed.key = order.key ?? OrderKey.fresh()
        while true {
            do {
                return try await fixed.send(RolloutPath.release(version.service, "prepare"), version.fields, to: api)
            } catch let failure as Failure
                where failure.code == RolloutExit.refused && PrepareCommand.passing.contains(failure.refusal ?? "")
            {
                guard ContinuousClock.now < end else { throw failure }
            }
            try await Task.sleep(for: PrepareCommand.pause)
        }
    }

    /// The rollout is in the queue until the running one has ended.
    private func awaitTurn(
        _ queued: OrderDocument, _ id: String, _ api: DaemonAPI, until end: ContinuousClock.Instant
    ) async throws -> OrderDocument {
        while true {
            let rollout = try await api.get(RolloutPath.rollout(id), as: RolloutDocument.self)
            switch rollout.state {
            case "queued": break
            case "ended":
                let code = rollout.end == "superseded" ? RolloutExit.superseded : RolloutExit.ended
                throw Failure(code: code, text: "error: \(id) ended: \(RolloutText.end(rollout))")
            default:
                var document = queued
                (document.place, document.expiresAt, document.tag) = (rollout.place, rollout.expiresAt, rollout.tag)
                document.text =
                    "\(rollout.place) is reserved for \(rollout.version) (\(id)); deploy it there, then begin"
                return document
            }
            guard ContinuousClock.now < end else {
                throw Failure(
                    code: RolloutExit.timeout,
                    text: "error: \(id) waits in the queue; `rollguard wait \(id) --until prepared` waits for its turn")
            }
            try await Task.sleep(for: PrepareCommand.pause)
        }
    }
}
