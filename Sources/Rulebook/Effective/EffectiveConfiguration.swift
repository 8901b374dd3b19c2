import ReleaseKernel
import Telemetry

/// Writes a plan as the configuration that says all of it.
struct EffectiveConfiguration {
    typealias Members = [(String, YAMLTree)]

    let plan: Plan

    var yaml: String {
        YAMLTree.mapping([
            ("state", .text(plan.daemon.stateDirectory)), ("listen", listen),
            (
                "journal",
                .mapping([
                    ("grace", ms(plan.daemon.journal.graceMs)), ("retention", ms(plan.daemon.journal.retentionMs)),
                    ("prune_every", ms(plan.daemon.journal.pruneEveryMs)),
                ])
            ),
            ("receivers", .list(plan.receivers.map(receiver))), ("releases", .list(plan.releases.map(release))),
        ]).render()
    }

    private var listen: YAMLTree {
        let listen = plan.daemon.listen
        let host = listen.host.contains(":") ? "[\(listen.host)]" : listen.host
        var members: Members = [("address", .text("\(host):\(listen.port)"))] + secret("token", listen.token)
        if !listen.names.isEmpty { members.append(("names", .list(listen.names.map { .text($0) }))) }
        let changes = listen.allowsLoopbackChanges ? "loopback" : listen.token == nil ? "socket" : "token"
        members.append(("changes", .plain(changes)))
        if let tls = listen.tls {
            let files: Members = [("cert_file", .text(tls.certificateFile)), ("key_file", .text(tls.keyFile))]
            members.append(("tls", .mapping(files)))
        }
        return .mapping(members)
    }

    private func receiver(_ receiver: ReceiverPlan) -> YAMLTree {
        var members: Members = [
            ("name", .text(receiver.name)), ("kind", .text(receiver.kind.rawValue)),
        ]
        if receiver.urlSecret == nil { members.append(("url", .text(shownAddress(receiver)))) }
        members += secret("url", receiver.urlSecret)
        members += secret("secret", receiver.secret)
        members += [("timeout", ms(receiver.timeoutMs))] + pairs("headers", receiver.headers)
        members += [
            ("retry", retry(receiver.retryMinMs, receiver.retryMaxMs)), ("give_up_after", ms(receiver.giveUpAfterMs)),
            ("send_resolved", .plain("\(receiver.sendsResolved)")),
        ]
        if receiver.kind == .alertmanager { members.append(("resend", ms(receiver.resendMs))) }
        return .mapping(members + security(receiver.security))
    }

    /// An address that is a credential is shown without its path; `url_file` keeps it out of the configuration.
    private func shownAddress(_ receiver: ReceiverPlan) -> String {
        guard receiver.kind.hasSecretAddress, let scheme = receiver.url.firstRange(of: "://") else {
            return receiver.url
        }
        let host = receiver.url[scheme.upperBound...].prefix { $0 != "/" }
        return receiver.url[..<scheme.upperBound] + host + "/" + Redaction.mask
    }

    private func release(_ release: ReleasePlan) -> YAMLTree {
        var members: Members = [
            ("name", .text(release.name)), ("scrape", scrape(release.scrape)),
            ("pools", .mapping([("baseline", pool(release.baseline)), ("canary", pool(release.canary))])),
            ("indicators", indicators(release)),
            ("router", EffectiveRouter(parent: self).router(release.router)),
            ("rollback", rollback(release.rollback)),
        ]
        if let fallback = release.fallback {
            let router = EffectiveRouter(parent: self).router(fallback.router)
            members.append(("fallback", .mapping([("router", router), ("after", ms(fallback.afterMs))])))
        }
        if let drain = release.drain { members.append(("drain", self.drain(drain, release))) }
        // Without requests there is nothing to prove by, and the section would be refused.
        if release.indicators.requests != nil {
            let proof: Members = [
                ("below", .plain(Self.number(release.proof.belowPerSecond) + "/s")),
                ("cycles", .plain("\(release.proof.cycles)")),
            ]
            members.append(("proof", .mapping(proof)))
        }
        members.append(("rules", .list(groups(release.rules))))
        return .mapping(members)
    }

    private func scrape(_ scrape: ScrapePlan) -> YAMLTree {
        var members: Members = [
            ("interval", ms(scrape.intervalMs)), ("timeout", ms(scrape.timeoutMs)),
            ("body_limit", .plain(Amounts.text(sizeBytes: scrape.bodyLimitBytes))),
            ("sample_limit", .plain("\(scrape.limits.samples)")), ("label_limit", .plain("\(scrape.limits.labels)")),
            ("label_name_limit", .plain("\(scrape.limits.labelNameBytes)")),
            ("label_value_limit", .plain("\(scrape.limits.labelValueBytes)")),
            ("series_limit", .plain("\(scrape.limits.watchedSeries)")),
        ]
        if let lateAfterMs = scrape.lateAfterMs { members.append(("late_after", ms(lateAfterMs))) }
        if let format = scrape.fallbackFormat { members.append(("fallback_format", .text(format.rawValue))) }
        members.append(("compression", .plain(scrape.compression.rawValue)))
        members.append(("follow_redirects", .plain(scrape.redirects.rawValue)))
        return .mapping(members + security(scrape.security))
    }

    private func pool(_ pool: PoolPlan) -> YAMLTree {
        let targets = pool.targets.map { target in
            let socket: Members = target.unixSocket.map { [("unix_socket", .text($0))] } ?? []
            return YAMLTree.mapping([("address", .text(target.url))] + socket + [("instance", .text(target.instance))])
        }
        let match: Members = pool.match.isEmpty ? [] : [("match", .text("\(pool.match)"))]
        return .mapping([("version", .text(pool.version))] + match + [("targets", .list(targets))])
    }

    private func indicators(_ release: ReleasePlan) -> YAMLTree {
        let list = release.indicators
        let all: [(String, SeriesSelector?)] = [
            ("requests", list.requests), ("errors", list.errors), ("latency", list.latency),
        ]
        var members: Members = all.compactMap { name, selector in selector.map { (name, .text("\($0)")) } }
        if let unit = list.latencyUnit { members.append(("latency_unit", .text(unit.rawValue))) }
        if !release.latencyBounds.isEmpty {
            members.append(("latency_bounds", .list(bounds(release))))
        }
        return .mapping(members)
    }

    /// In the page's unit: of the numbers that give the same seconds the shortest.
    private func bounds(_ release: ReleasePlan) -> [YAMLTree] {
        let factor = (release.indicators.latencyUnit ?? .seconds).perSecond
        return release.latencyBounds.map { bound in
            let near = bound * factor
            let same = [near, near.nextDown, near.nextUp].filter { $0 / factor == bound }.map(Self.number)
            return .plain(same.min { $0.utf8.count < $1.utf8.count } ?? Self.number(near))
        }
    }

    private func rollback(_ rollback: RollbackPlan) -> YAMLTree {
        .mapping([
            ("call_timeout", ms(rollback.callTimeoutMs)), ("retry", retry(rollback.retryMinMs, rollback.retryMaxMs)),
            ("deadline", ms(rollback.deadlineMs)), ("observe_every", ms(rollback.observeEveryMs)),
        ])
    }

    private func drain(_ drain: DrainPlan, _ release: ReleasePlan) -> YAMLTree {
        let steps = drain.stepsBasisPoints.map { YAMLTree.plain(Field.percent(Double($0) / 10_000)) }
        var members: Members = [("steps", .list(steps)), ("pause", ms(drain.pauseMs))]
        // Without errors there is no such limit, and it would be refused.
        if release.indicators.errors != nil {
            members.append(("at_once_above", .plain(Field.percent(drain.atOnceAboveErrorRate))))
        }
        return .mapping(members)
    }

    // MARK: Rules

    /// Neighbours of one group stand in one entry, so that the order is kept.
    private func groups(_ rules: [RulePlan]) -> [YAMLTree] {
        var groups: [(name: String, rules: [YAMLTree])] = []
        for rule in rules {
            if groups.last?.name != rule.group { groups.append((rule.group, [])) }
            groups[groups.count - 1].rules.append(self.rule(rule))
        }
        return groups.map { .mapping([("name", .text($0.name)), ("rules", .list($0.rules))]) }
    }

    private func regression(_ rule: RulePlan, _ regression: RegressionPlan) -> YAMLTree {
        let safe: Members = [
            ("ratio", .plain(Self.number(regression.safe.ratio))),
            ("false_safe", .plain(Field.percent(regression.safe.falseSafe))),
        ]
        var parts: Members = [
            ("tolerance", .plain(Field.percent(regression.tolerance))),
            ("false_alarm", .plain(Field.percent(regression.falseAlarm))),
        ]
        if regression.floor > 0 { parts.append(("floor", .plain(Field.percent(regression.floor)))) }
        parts += [("safe", .mapping(safe)), ("self_check", .plain("\(regression.selfCheck)"))]
        let members: Members = [
            ("alert", .text(rule.name)), ("indicator", .list(regression.scope.names.map { .text($0) })),
            ("regression", .mapping(parts)), ("action", .text(rule.action.rawValue)),
        ]
        return .mapping(members + pairs("labels", rule.labels) + pairs("annotations", rule.annotations))
    }

    private func rule(_ rule: RulePlan) -> YAMLTree {
        if let regression = rule.regression { return self.regression(rule, regression) }
        let members: Members = [
            ("alert", .text(rule.name)), ("indicator", .text(rule.indicator.name)), ("window", ms(rule.windowMs)),
            ("when", .text(rule.conditionText)), ("min_requests", .plain(Self.number(rule.minRequests))),
            ("for", ms(rule.forMs)), ("keep_firing_for", ms(rule.keepFiringForMs)),
            ("no_data", .text(rule.noData.rawValue)),
            ("action", .text(rule.action.rawValue)),
        ]
        return .mapping(members + pairs("labels", rule.labels) + pairs("annotations", rule.annotations))
    }

    // MARK: Parts

    func ms(_ duration: Int64) -> YAMLTree { .plain(Amounts.text(durationMs: duration)) }

    private func retry(_ low: Int64, _ high: Int64) -> YAMLTree { .mapping([("min", ms(low)), ("max", ms(high))]) }

    func pairs(_ name: String, _ pairs: [TextPair]) -> Members {
        pairs.isEmpty ? [] : [(name, .mapping(pairs.map { ($0.name, .text($0.value)) }))]
    }

    func secret(_ name: String, _ reference: SecretReference?) -> Members {
        switch reference {
        case .file(let path)?: [("\(name)_file", .text(path))]
        case .environment(let variable)?: [("\(name)_env", .text(variable))]
        case nil: []
        }
    }

    func security(_ security: ClientSecurity) -> Members {
        var tls: Members = []
        if let path = security.caFile { tls.append(("ca_file", .text(path))) }
        if let path = security.certificateFile { tls.append(("cert_file", .text(path))) }
        if let path = security.keyFile { tls.append(("key_file", .text(path))) }
        tls.append(("insecure_skip_verify", .plain("\(security.insecureSkipVerify)")))
        return [("tls", .mapping(tls))] + authorization(security.authorization)
    }

    private func authorization(_ authorization: Authorization?) -> Members {
        switch authorization {
        case .bearer(let reference)?: [("auth", .mapping(secret("bearer", reference)))]
        case .basic(let user, let password)?:
            [("auth", .mapping([("basic", .mapping([("user", .text(user))] + secret("password", password)))]))]
        case .header(let name, let value)?:
            [("auth", .mapping([("header", .mapping([("name", .text(name))] + secret("value", value)))]))]
        case nil: []
        }
    }

    /// Without an exponent, as configurations are read; whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        let text = "\(value)"
        return text.contains("e") ? Self.decimal(text) : text
    }

    /// `2.5e-07` as `0.00000025`.
    private static func decimal(_ text: String) -> String {
        let parts = text.split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
        let digits = parts[0].filter { $0 != "." }
        let whole = parts[0].prefix { $0 != "." }
        let point = whole.count + exponent
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) }
        return digits.prefix(point) + "." + digits.dropFirst(point)
    }
}
