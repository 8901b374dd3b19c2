import API
import Foundation
import Ports
import Support

/// Follows a rollout by its events, over restarts of the daemon.
struct RolloutFollower: Sendable {
    let api: DaemonAPI
    let choice: RolloutChoice
    let goal: RolloutGoal
    let failsOnHalt: Bool
    /// Nil for no limit.
    let timeoutMs: Int64?
    let unreachableMs: Int64
    let output: OutputForm

    private static let longPollSeconds = 25.0
    private static let quietMs: Int64 = 60_000
    private static let pause: Duration = .seconds(1)

    /// - Returns: the exit code. Everything is said already.
    func follow() async throws -> Int32 {
        let begin = ContinuousClock.now
        var rollout = try await reached { try await choice.findNewest(api) }
        var saidAt = ContinuousClock.now
        say(status: rollout)
        var after = rollout.revision
        while true {
            if let code = verdict(rollout) { return code }
            if let timeoutMs, ContinuousClock.now - begin >= .milliseconds(timeoutMs) { return timedOut(rollout) }
            let news = try await next(rollout.id, after: after, wait(since: begin, saidAt: saidAt))
            for event in news.events { say(event, of: rollout) }
            (rollout, after) = (news.rollout, news.last)
            if !news.events.isEmpty { saidAt = ContinuousClock.now }
            guard ContinuousClock.now - saidAt >= .milliseconds(RolloutFollower.quietMs) else { continue }
            say(status: rollout)
            saidAt = ContinuousClock.now
        }
    }

    private func wait(since begin: ContinuousClock.Instant, saidAt: ContinuousClock.Instant) -> Duration {
        let now = ContinuousClock.now
        var wait = min(
            Duration.seconds(RolloutFollower.longPollSeconds), saidAt + .milliseconds(RolloutFollower.quietMs) - now)
        if let timeoutMs { wait = min(wait, begin + .milliseconds(timeoutMs) - now) }
        return max(.zero, wait)
    }

    // MARK: Asking

    private func next(_ id: String, after: UInt64, _ wait: Duration) async throws -> RolloutEventsDocument {
        let seconds = Double(wait.components.seconds) + Double(wait.components.attoseconds) / 1e18
        let path = RolloutPath.rollout(id, "events") + "?after=\(after)&wait_seconds=\(NumberText.plain(seconds))"
        let asked = ContinuousClock.now
        let news = try await reached {
            let response = try await api.response(
                "GET", path, body: nil, timeoutMs: Int64(seconds * 1_000) + 10_000)
            return try api.document(response, RolloutEventsDocument.self)
        }
        // A daemon with too many waiters answers at once.
        if news.events.isEmpty, ContinuousClock.now - asked < min(wait, RolloutFollower.pause) {
            try await Task.sleep(for: min(wait, RolloutFollower.pause))
        }
        return news
    }

    /// Tries again while the daemon is away.
    private func reached<Value: Sendable>(_ ask: () async throws -> Value) async throws -> Value {
        var awaySince: ContinuousClock.Instant?
        while true {
            do { return try await ask() } catch let failure as Failure where failure.code == Failure.unreachable {
                try Task.checkCancellation()
                let since = awaySince ?? ContinuousClock.now
                if awaySince == nil, unreachableMs > 0 {
                    let limit = TimeSpan(ms: unreachableMs).text
                    Terminal.complain("the daemon is not reached; waiting for it, at most \(limit)")
                }
                awaySince = since
                guard ContinuousClock.now - since < .milliseconds(unreachableMs) else { throw failure }
            }
            try await Task.sleep(for: RolloutFollower.pause)
        }
    }

    // MARK: Ends

    private func verdict(_ rollout: RolloutDocument) -> Int32? {
        if goal.isImpossible(for: rollout) {
            return end(rollout, Failure.wrongUsage, "the rollout has \(rollout.steps.count) steps", next: nil)
        }
        if goal.isReached(by: rollout) { return reachedGoal(rollout) }
        guard rollout.state != "ended" else { return endedOtherwise(rollout) }
        guard failsOnHalt, let halt = rollout.halts.first else { return nil }
        return end(
            rollout, RolloutExit.halted, "halted (\(halt.reason)): \(halt.text); \(halt.remedy)",
            next: halt.endsByItself ? "rollguard wait \(rollout.id)" : "rollguard resume \(rollout.id) --reason …")
    }

    private func reachedGoal(_ rollout: RolloutDocument) -> Int32 {
        let next = rollout.state == "ended" ? "rollguard status \(rollout.release)" : "rollguard wait \(rollout.id)"
        return end(rollout, 0, RolloutText.place(rollout), next: rollout.state == "prepared" ? begin(rollout) : next)
    }

    private func begin(_ rollout: RolloutDocument) -> String {
        "rollguard begin \(rollout.release) --version \(rollout.version)"
    }

    private func endedOtherwise(_ rollout: RolloutDocument) -> Int32 {
        let code = rollout.end == "superseded" ? RolloutExit.superseded : RolloutExit.ended
        return end(rollout, code, RolloutText.end(rollout), next: "rollguard why \(rollout.incident ?? rollout.id)")
    }

    private func timedOut(_ rollout: RolloutDocument) -> Int32 {
        end(
            rollout, RolloutExit.timeout, "the time is over, the rollout continues: \(RolloutText.place(rollout))",
            next: "rollguard wait \(rollout.id)")
    }

    private func end(_ rollout: RolloutDocument, _ code: Int32, _ text: String, next: String?) -> Int32 {
        switch output {
        case .text:
            Terminal.say(
                "\(RolloutFollower.time(Wall.now)) \(rollout.id) \(text)" + (next.map { "; next: \($0)" } ?? ""))
        case .json:
            Terminal.say(
                JSONLine.text(
                    FollowLine(rollout, "result", text: text, at: Wall.now, code: code, next: next)))
        }
        return code
    }

    // MARK: Lines

    private func say(_ event: RolloutEventsDocument.Event, of rollout: RolloutDocument) {
        switch output {
        case .text: Terminal.say("\(RolloutFollower.time(event.at)) \(rollout.id) \(event.text)")
        case .json:
            var line = FollowLine(rollout, event.event, text: event.text, at: event.at)
            (line.state, line.step, line.canaryBasisPoints, line.sequence) = (nil, nil, nil, event.sequence)
            Terminal.say(JSONLine.text(line))
        }
    }

    private func say(status rollout: RolloutDocument) {
        switch output {
        case .text: Terminal.say("\(RolloutFollower.time(Wall.now)) \(RolloutText.line(rollout))")
        case .json:
            Terminal.say(JSONLine.text(FollowLine(rollout, "status", text: RolloutText.line(rollout), at: Wall.now)))
        }
    }

    /// `12:04:10`, in UTC.
    private static func time(_ at: WallTime) -> String { String("\(at)".dropFirst(11).prefix(8)) }
}

/// A line of `wait --output json`.
private struct FollowLine: Encodable {
    let at: WallTime
    let rollout: String
    /// `status`, `result`, or the event's name.
    let event: String
    let text: String
    var state: String?
    var step: Int?
    var canaryBasisPoints: Int?
    var sequence: UInt64?
    var code: Int32?
    var next: String?

    init(
        _ rollout: RolloutDocument, _ event: String, text: String, at: WallTime, code: Int32? = nil,
        next: String? = nil
    ) {
        (self.rollout, self.event, self.text, self.at, self.code, self.next) = (rollout.id, event, text, at, code, next)
        (state, step, canaryBasisPoints) = (rollout.state, rollout.step, rollout.canaryBasisPoints)
    }

    enum CodingKeys: String, CodingKey {
        case at, rollout, event, text, state, step, sequence, code, next
        case canaryBasisPoints = "canary_basis_points"
    }
}
