import Centres
import Logging
import Model
import Ports
import SourceCalls

/// The start of a daemon whose configuration is in a centre too: from the centre, else from the last good state on the disk,
/// else from the configuration file alone. The watch of a release never waits for a centre for longer than `startup_wait`.
struct CentreStart {
    /// What the daemon starts with.
    struct Outcome: Sendable {
        var plan: Plan
        /// Of the centre, in force; nil when only the configuration file is in force.
        var state: CentreState?
        /// The last one that was taken from the centre: another one than ``state`` while that is pinned.
        var followed: CentreState?
        /// The orders of an operator that are in force.
        var brake = CentreBrake()
        /// The centre was not read, or holds something that is not in force.
        var problem: String?
        /// For the journal: what differs from the last run, or was refused.
        var record: ConfigurationRecord?
    }

    private static let pauseMs: Int64 = 500

    let centre: any Centre
    let waitMs: Int64
    let store: any CentreShelf
    let source: any PlanSource
    let clock: any DaemonClock
    let logger: Logger

    /// - Parameter local: the plan of the configuration file alone.
    /// - Throws: ``InvalidConfiguration`` when there is nothing to start with.
    func outcome(local: Plan) async throws(InvalidConfiguration) -> Outcome {
        let kept = store.current().map(\.state)
        let stored = kept?.label == centre.label ? kept : nil
        if let braked = try braked(stored, local) { return braked }
        let reading = await read(stored)
        switch reading {
        case .success(let state): return try take(state, stored, local)
        case .failure(let error): return try withoutCentre(stored, local, problem: error.reason, record: nil)
        }
    }

    /// What an operator has ordered counts first, and waits for no centre. Nil without orders.
    private func braked(_ stored: CentreState?, _ local: Plan) throws(InvalidConfiguration) -> Outcome? {
        let (brake, pinned) = store.brake()
        guard brake.isSet else { return nil }
        guard brake.pin != nil else { return try held(brake, stored, local) }
        do throws(InvalidConfiguration) {
            let state = try usable(pinned)
            let plan = try source.load(centre: state)
            logger.warning("\(state.label) at revision \(state.revision) is \(brake.texts.joined(separator: ", "))")
            return Outcome(plan: plan, state: state, followed: stored, brake: brake)
        } catch {
            let revision = pinned.map { " at revision \($0.revision)" } ?? ""
            logger.error("the pinned state\(revision) cannot be used:")
            for line in error.lines { logger.error("\(line)") }
            return try held(detached(brake, because: error), stored, local)
        }
    }

    private func usable(_ pinned: CentreState?) throws(InvalidConfiguration) -> CentreState {
        guard let pinned else { throw InvalidConfiguration(["it is not on the disk"]) }
        guard pinned.label == centre.label else {
            throw InvalidConfiguration(["it is of \(pinned.label), and the centre is \(centre.label)"])
        }
        return pinned
    }

    /// Whoever has pinned a state wants what the centre holds to be kept out: a pin that cannot be put into force must not become a
    /// daemon that follows the centre.
    private func detached(_ brake: CentreBrake, because error: InvalidConfiguration) -> CentreBrake {
        var brake = brake
        let reason = error.headlines.first ?? "it is invalid"
        if brake.detachment == nil {
            brake.detachment = CentreBrake.Order(
                by: "this daemon", reason: "the pinned state cannot be used: \(reason)", sinceWallMs: clock.wallMs)
        }
        return brake
    }

    /// What was last taken from the centre is in force, and the centre is not read.
    private func held(
        _ brake: CentreBrake, _ stored: CentreState?, _ local: Plan
    ) throws(InvalidConfiguration) -> Outcome {
        var outcome = try withoutCentre(
            stored, local, problem: "it is \(brake.texts.joined(separator: ", "))", record: nil)
        outcome.brake = brake
        outcome.problem = nil
        return outcome
    }

    /// Reads until there is a state to start with, or the time is over.
    private func read(_ stored: CentreState?) async -> Result<CentreState, SourceError> {
        var judge = CentreJudge(label: centre.label, needsManifest: centre.needsManifest, accepted: stored)
        let endUptimeMs = clock.now.uptimeMs + waitMs
        while true {
            var failure: SourceError
            do throws(SourceError) {
                switch judge.judge(try await centre.read(), at: clock.now.uptimeMs) {
                case .same: if let stored { return .success(stored) } else { failure = SourceError("it is empty") }
                case .candidate(let state): return .success(state)
                case .refused(let reason): return .failure(SourceError(reason))
                case .waiting(let reason): failure = SourceError(reason)
                }
            } catch { failure = error }
            guard clock.now.uptimeMs + Self.pauseMs < endUptimeMs else { return .failure(failure) }
            do throws(CancellationError) { try await clock.sleep(ms: Self.pauseMs) } catch {
                return .failure(failure)
            }
        }
    }

    private func take(
        _ state: CentreState, _ stored: CentreState?, _ local: Plan
    ) throws(InvalidConfiguration) -> Outcome {
        let isKnown = state.digest == stored?.digest && state.manifest == stored?.manifest
        let files = state.differences(from: stored)
        do throws(InvalidConfiguration) {
            let plan = try source.load(centre: state)
            if !isKnown, let stored, let outcome = beforeTheGuard(plan, state, stored) { return outcome }
            if !isKnown, let problem = store.save(state, wallMs: clock.wallMs) { logger.error("\(problem)") }
            logger.info("configuration of \(state.label) at revision \(state.revision)")
            return Outcome(
                plan: plan, state: state, followed: state, problem: nil,
                record: isKnown ? nil : ConfigurationRecord(outcome: .applied, state: state, files: files))
        } catch {
            let record = ConfigurationRecord(
                outcome: .refused, state: state, files: files, problems: error.headlines)
            logger.error("what \(state.label) holds at revision \(state.revision) cannot be used:")
            for line in error.lines { logger.error("\(line)") }
            return try withoutCentre(
                isKnown ? nil : stored, local, problem: error.headlines.first ?? "it is invalid", record: record)
        }
    }

    /// Before the routers are polled it is not known which releases are under way. A change that may be refused for that waits
    /// until it is: the state of the last run is in force meanwhile.
    private func beforeTheGuard(_ plan: Plan, _ state: CentreState, _ stored: CentreState) -> Outcome? {
        guard state.manifest?.isForced != true, let earlier = try? source.load(centre: stored) else { return nil }
        let gone = earlier.releases.contains { release in !plan.releases.contains { $0.name == release.name } }
        let reasons = ConfigurationGuard(from: earlier, to: plan).reasons(underWay: Set(earlier.releases.map(\.name)))
        guard gone || !reasons.isEmpty else { return nil }
        return Outcome(
            plan: earlier, state: stored, followed: stored,
            problem: "revision \(state.revision) is not in force yet: the releases have to be read first")
    }

    private func withoutCentre(
        _ stored: CentreState?, _ local: Plan, problem: String, record: ConfigurationRecord?
    ) throws(InvalidConfiguration) -> Outcome {
        if let stored {
            do throws(InvalidConfiguration) {
                let plan = try source.load(centre: stored)
                logger.warning(
                    """
                    the configuration centre \(stored.label) cannot be used (\(problem)); the state of revision \
                    \(stored.revision) from the disk is in force until it can
                    """)
                return Outcome(plan: plan, state: stored, followed: stored, problem: problem, record: record)
            } catch { for line in error.lines { logger.error("\(line)") } }
        }
        guard !local.releases.isEmpty else {
            throw InvalidConfiguration([
                "error: \(centre.label) cannot be used (\(problem)), there is no earlier state of it on the disk, and the "
                    + "configuration file has no releases: there is nothing to watch"
            ])
        }
        logger.warning(
            "the configuration centre \(centre.label) cannot be used (\(problem)); the configuration file alone is in force"
        )
        return Outcome(plan: local, state: nil, problem: problem, record: record)
    }
}

extension InvalidConfiguration {
    /// A log line is one line; a diagnostic is several.
    var lines: [Substring] { description.split(separator: "\n") }

    /// The first line of each diagnostic: its place and what is wrong.
    var headlines: [String] { texts.map { String($0.split(separator: "\n").first ?? "") } }
}
