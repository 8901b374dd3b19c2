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
        /// Of the centre; nil when only the configuration file is in force.
        var state: CentreState?
        /// The centre was not read, or holds something that is not in force.
        var problem: String?
        /// For the journal: what differs from the last run, or was refused.
        var record: ConfigurationRecord?
    }

    private static let pauseMs: Int64 = 500

    let centre: any Centre
    let waitMs: Int64
    let store: CentreStore
    let source: any PlanSource
    let clock: any DaemonClock
    let logger: Logger

    /// - Parameter local: the plan of the configuration file alone.
    /// - Throws: ``InvalidConfiguration`` when there is nothing to start with.
    func outcome(local: Plan) async throws(InvalidConfiguration) -> Outcome {
        let kept = store.current().map(\.state)
        let stored = kept?.label == centre.label ? kept : nil
        let reading = await read(stored)
        switch reading {
        case .success(let state): return try take(state, stored, local)
        case .failure(let error): return try withoutCentre(stored, local, problem: error.reason, record: nil)
        }
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
            if !isKnown, let problem = store.save(state, wallMs: clock.wallMs) { logger.error("\(problem)") }
            logger.info("configuration of \(state.label) at revision \(state.revision)")
            return Outcome(
                plan: plan, state: state, problem: nil,
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
                return Outcome(plan: plan, state: stored, problem: problem, record: record)
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
