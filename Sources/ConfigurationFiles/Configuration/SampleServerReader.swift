import Declarations
import Model
import Support
import Telemetry

/// `source` of a release: the samples of its targets are read from a server instead of being scraped.
struct SampleServerReader {
    struct Draft {
        var kind = SampleServerReader.kind
        var plan = SampleServerPlan(url: "")
        /// Names of the pools that are read from it.
        var pools = Pool.allCases

        var fallback: Fallback {
            get { plan.fallsBackToScrapes ? .scrape : .none }
            set { plan.fallsBackToScrapes = newValue == .scrape }
        }
    }

    enum Fallback: String, Sendable, CaseIterable {
        case none
        case scrape
    }

    static let kind = "prometheus"

    let folder: ConfigurationFolder

    var section: Section<Draft> {
        Section(
            owner: "'source'", blank: Draft(),
            settings: [
                .required("kind", \.kind, .choice([Self.kind]), "a Prometheus server, or one that has its query API"),
                .required("url", \.plan.url, Self.url, "the server, without `/api/v1`"),
                .value(
                    "flavour", \.plan.flavour, .choice(SampleServerPlan.Flavour.self),
                    "which parameters make its answers complete and unmerged; `auto` sends those of all. `mimir` adds the "
                        + "path `/prometheus` where `url` has none"),
                .headers("headers", \.plan.headers, "sent with each query, such as `X-Scope-OrgID` for a tenant"),
                .optional(
                    "max_age", \.plan.maxAgeMs, .duration(1_000...3_600_000),
                    shownDefault: "3 scrape intervals of the server, at least `30s`",
                    "a target whose newest sample is older counts as one that cannot be scraped"),
                .value(
                    "instance_label", \.plan.instanceLabel, .line(limit: 200),
                    "the label whose values are the names of the targets (`instance` of a target, else its `host:port`)"
                ),
                Self.pools,
                .value(
                    "fallback", \.fallback, .choice(Fallback.self),
                    "`scrape` scrapes the targets while the server gives no samples; "
                        + "[see below](#when-the-server-is-away)"),
            ] + Setting.security(\.plan.security, folder))
    }

    private static var pools: Setting<Draft> {
        Setting(
            names: ["pools"], summary: "list of `baseline`, `canary`", shownDefault: .text("both"),
            sentence: "the pools that are read from the server; the other one is scraped, and its numbers are younger",
            properties: [("pools", .array(of: .choice(Pool.allCases.map(\.rawValue)), least: 1))],
            read: { fields, draft in
                guard let entries = fields["pools"]?.entries(of: "pools") else { return true }
                draft.pools = entries.compactMap { $0.choice(Pool.self) }
                if draft.pools.isEmpty { fields["pools"]?.fail("'pools' must name 'baseline', 'canary' or both") }
                return !draft.pools.isEmpty
            },
            write: { draft in
                draft.pools.count == 2 ? [] : [("pools", .list(draft.pools.map { .text($0.rawValue) }))]
            })
    }

    private static var url: ValueForm<String> {
        ValueForm.line("URL").checked { text, field in
            do throws(AddressError) {
                _ = try WebAddress(text)
                if !text.contains("/api/v1"), !text.contains("?") { return text }
                field.fail(
                    "'url' must be the server without '/api/v1' and without a query, such as http://prometheus:9090")
            } catch {
                field.fail(
                    "'url' must be a URL such as http://prometheus:9090, got \(Quote.value(Redaction.url(text))); "
                        + error.reason)
            }
            return nil
        }
    }
}

extension ReleaseReader.Draft {
    /// The source of the pools that have one.
    var source: SampleServerReader.Draft? {
        get {
            let pools = Pool.allCases.filter { plan.pool($0).server != nil }
            guard let first = pools.first, let server = plan.pool(first).server else { return nil }
            return SampleServerReader.Draft(plan: server, pools: pools)
        }
        set {
            plan.baseline.server = newValue.flatMap { $0.pools.contains(.baseline) ? $0.plan : nil }
            plan.canary.server = newValue.flatMap { $0.pools.contains(.canary) ? $0.plan : nil }
        }
    }

    /// A sum over instances has no restarts that can be seen, so nothing can be counted from it.
    func refuseRecordingRules(_ fields: Fields) {
        guard let source = fields["source"], self.source != nil else { return }
        let list = plan.indicators
        let selectors = list.requestCounters + list.errorCounters + [list.latency].compactMap { $0 }
        for selector in selectors + list.signals.map(\.selector) where selector.metric.contains(":") {
            source.fail(
                "\(Quote.value(selector.metric)) is the name of a recording rule, in which restarts of instances cannot be "
                    + "seen; use the counter that it is made from")
        }
    }
}
