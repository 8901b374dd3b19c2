import API
import ArgumentParser
import Foundation

/// Follows a rollout until it is where the caller wants it.
struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Follow a rollout until it is prepared, is at a step, bakes or is promoted.",
        discussion: """
            One line per event, and one a minute. Continues after a restart of the daemon.

              rollguard wait checkout --until baking --timeout 55m --fail-on halted

            Exit codes: 0 reached; 1 ended otherwise (rolled back, aborted, withdrawn,
            expired); 2 wrong usage; 3 the daemon was not reached; 4 --timeout is over and
            the rollout continues; 5 halted, with --fail-on halted; 6 superseded; 7 there is
            no rollout; 130 and 143 cancelled, which does nothing to the rollout unless
            --on-cancel says so.
            """)

    enum FailOn: String, ExpressibleByArgument, CaseIterable {
        case halted
    }

    enum OnCancel: String, ExpressibleByArgument, CaseIterable {
        case none
        case pause
        case abort
    }

    @OptionGroup var choice: RolloutChoice

    @Option(help: "prepared, standing:K (the share of step K is in force), baking or promoted.")
    var until = RolloutGoal.promoted

    @Option(help: "Give up after this time; the rollout continues.")
    var timeout: TimeSpan?

    @Option(help: "halted: end when the rollout halts.")
    var failOn: FailOn?

    @Option(help: "What happens to the rollout when this command is cancelled: none, pause or abort.")
    var onCancel = OnCancel.none

    @Option(help: "How long the daemon may be away before the command gives up.")
    var unreachable = TimeSpan(ms: 300_000)

    @Option(help: "text, or json: one object per line.")
    var output = OutputForm.text

    @OptionGroup var daemon: DaemonAddress

    /// GitHub ends a cancelled step after 10 s.
    private static let cancelLimitMs = 7_000

    func run() async throws {
        let api = try daemon.open()
        let follower = RolloutFollower(
            api: api, choice: choice, goal: until, failsOnHalt: failOn == .halted, timeoutMs: timeout?.ms,
            unreachableMs: unreachable.ms, output: output)
        let result = FollowResult()
        let signal = try await Interruption.watch(cleanupLimitMs: WaitCommand.cancelLimitMs) {
            await result.take(try await follower.follow())
        }
        if let signal {
            await cancel(api)
            throw signal
        }
        if let code = await result.code, code != 0 { throw ExitCode(code) }
    }

    private func cancel(_ api: DaemonAPI) async {
        guard onCancel != .none else { return }
        // The command's own task is not cancelled, but it must not wait for a daemon that is away.
        do {
            let rollout = try await choice.find(api)
            let order = DaemonOrder(
                path: RolloutPath.rollout(rollout.id, onCancel.rawValue),
                fields: ["reason": .text("the wait was cancelled"), "by": .text(CallerName.current)],
                key: OrderKey.fresh(), ifMatch: nil)
            Terminal.say(try await order.send(to: api).text)
        } catch {
            let text = (error as? Failure)?.text ?? "\(error)"
            Terminal.complain("\(text); \(onCancel.rawValue) was not ordered")
        }
    }
}

/// Where `wait` ends.
enum RolloutGoal: ExpressibleByArgument, Equatable {
    case prepared
    case standing(Int)
    case baking
    case promoted

    init?(argument: String) {
        switch argument {
        case "prepared": self = .prepared
        case "baking": self = .baking
        case "promoted": self = .promoted
        default:
            let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "standing", let step = Int(parts[1]), step > 0 else { return nil }
            self = .standing(step)
        }
    }

    var defaultValueDescription: String { "promoted" }

    func isReached(by rollout: RolloutDocument) -> Bool {
        if rollout.end == "promoted" { return true }
        return switch self {
        case .prepared: !["queued", "ended"].contains(rollout.state)
        case .standing(let step):
            rollout.state == "baking" || (["standing", "moving"].contains(rollout.state) && rollout.step >= step)
        case .baking: rollout.state == "baking"
        case .promoted: false
        }
    }

    /// A step that the rollout does not have.
    func isImpossible(for rollout: RolloutDocument) -> Bool {
        guard case .standing(let step) = self, !rollout.steps.isEmpty else { return false }
        return step > rollout.steps.count
    }
}

/// What a cancelled task leaves behind.
private actor FollowResult {
    private(set) var code: Int32?

    func take(_ code: Int32) { self.code = code }
}
