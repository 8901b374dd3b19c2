import Centres
import HTTPClient
import Logging
import Model
import Ports
import ReferenceRouter
import SourceCalls
import Support
import SystemSupport

/// Keeps a gray router at what a configuration centre says: the canary's share and who gets it.
///
/// A key that is missing or cannot be used changes nothing: a default could send users to a version that was taken out.
struct PolicyFollower {
    private static let retryMs: (least: Int64, most: Int64) = (500, 15_000)

    let router: GrayRouter
    let centre: any Centre
    let clock: any DaemonClock
    let say: @Sendable (Logger.Level, String) -> Void

    /// Until the task is cancelled.
    func run() async {
        var problem: String?
        var pause = RetryPause(minMs: Self.retryMs.least, maxMs: Self.retryMs.most)
        while !Task.isCancelled {
            do {
                let reading = try await centre.read()
                let changes = try await router.follow(try Self.policy(reading))
                if !changes.isEmpty {
                    say(.info, "\(centre.label) at revision \(reading.revision): \(changes.joined(separator: ", "))")
                }
                if problem != nil { say(.info, "\(centre.label) is followed again") }
                problem = nil
                pause.reset()
                try await centre.waitForChange(after: reading)
            } catch {
                if Task.isCancelled { return }
                let reason = (error as? SourceError)?.reason ?? "\(error)"
                if reason != problem { say(.warning, "\(centre.label): \(reason); the policy stays as it is") }
                problem = reason
                do { try await clock.sleep(ms: pause.next(seed: 1)) } catch { return }
            }
        }
    }

    private static func policy(_ reading: CentreReading) throws -> RouterPolicy {
        func bytes(_ path: String) -> [UInt8]? { reading.files.first { $0.path == path }?.bytes }
        return try RouterPolicy(share: bytes(RouterPolicy.shareKey), strategy: bytes(RouterPolicy.strategyKey))
    }
}

extension PolicyFollower {
    /// Of the centre of a configuration file.
    ///
    /// - Throws: `Failure` when the file is invalid or has no centre.
    init(router: GrayRouter, path: String, name: String, logger: Logger) throws {
        let plan: Plan
        do { plan = try ConfigurationFile(path: path).load() } catch { throw Failure.no("\(error)") }
        let secrets = SystemSecretStore()
        let setup = CallSetup(
            transport: CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: secrets), secrets: secrets,
            clock: SystemClock())
        guard let wanted = plan.centre, let centre = CentreKinds.policy(wanted, name: name, setup) else {
            throw Failure.usage("error: \(path) has no 'centre', which --policy needs")
        }
        self.init(router: router, centre: centre, clock: setup.clock) { logger.log(level: $0, "\($1)") }
    }
}
