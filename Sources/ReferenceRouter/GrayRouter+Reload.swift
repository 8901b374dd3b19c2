import NIOPosix
import Synchronization

extension GrayRouter {
    /// Takes up a new configuration: servers, strategy, versions, timeouts, trusted proxies and token file. Requests in
    /// flight end as they began; the split in force stays. Everything or nothing: after an error the old configuration is
    /// in force.
    ///
    /// - Returns: the names of the fields that changed, in the order of the documentation; empty when nothing did.
    /// - Throws: ``GrayRouterError/configurationInvalid(path:errors:)``,
    ///   ``GrayRouterError/tokenUnusable(path:reason:)``,
    ///   ``GrayRouterError/needsRestart(fields:)`` for a field that cannot change while the router runs, and
    ///   ``GrayRouterError/notRunning``.
    package func reload(_ next: GrayRouterConfiguration) async throws(GrayRouterError) -> [String] {
        let errors = next.errors
        guard errors.isEmpty else { throw .configurationInvalid(path: nil, errors: errors) }
        guard let running = runningNow else { throw .notRunning }
        let before = running.configuration.current
        let fixed = before.fieldsThatNeedARestart(comparedWith: next)
        guard fixed.isEmpty else { throw .needsRestart(fields: fixed) }
        try await checkToken(next)
        let settings = ProxySettings(next, metrics: running.shared.metrics, previous: running.shared.settings)
        await running.healthCheck.follow(settings.backends, connectTimeoutMs: next.connectTimeoutMs)
        running.shared.settings = settings
        running.configuration.current = next
        return before.changedFields(comparedWith: next)
    }

    private func checkToken(_ next: GrayRouterConfiguration) async throws(GrayRouterError) {
        guard let token = next.tokenFile.map({ AdminToken(path: $0) }) else { return }
        let problem = try? await NIOThreadPool.singleton.runIfActive { () -> GrayRouterError? in
            do throws(GrayRouterError) { _ = try token.read() } catch { return error }
            return nil
        }
        if let problem = problem ?? nil { throw problem }
    }
}

extension GrayRouterConfiguration {
    /// The sockets are open and the state file is locked: these cannot change while the router runs.
    func fieldsThatNeedARestart(comparedWith next: GrayRouterConfiguration) -> [String] {
        var fields: [String] = []
        if stateFile != next.stateFile { fields.append("state_file") }
        if listen != next.listen { fields.append("listen") }
        if adminListen != next.adminListen { fields.append("admin_listen") }
        return fields
    }

    /// The fields whose new values a reload puts in force. `initial_canary_basis_points` is none of them: there is a saved
    /// split, and it rules.
    func changedFields(comparedWith next: GrayRouterConfiguration) -> [String] {
        let fields: [(String, Bool)] = [
            ("baseline", baseline != next.baseline), ("canary", canary != next.canary),
            ("strategy", strategy != next.strategy), ("token_file", tokenFile != next.tokenFile),
            ("admin_names", adminNames != next.adminNames),
            ("trusted_proxies", trustedProxies != next.trustedProxies),
            ("connect_timeout_ms", connectTimeoutMs != next.connectTimeoutMs),
            ("response_timeout_ms", responseTimeoutMs != next.responseTimeoutMs),
            ("idle_timeout_ms", idleTimeoutMs != next.idleTimeoutMs),
            ("baseline_version", baselineVersion != next.baselineVersion),
            ("canary_version", canaryVersion != next.canaryVersion),
        ]
        return fields.filter(\.1).map(\.0)
    }
}

/// The configuration in force.
final class CurrentConfiguration: Sendable {
    private let value: Mutex<GrayRouterConfiguration>

    init(_ configuration: GrayRouterConfiguration) { value = Mutex(configuration) }

    var current: GrayRouterConfiguration {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
