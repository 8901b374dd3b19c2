package import Telemetry

/// Which series of a well-known exporter are requests, errors and latency. One table serves `indicators.preset`, `init`,
/// `inspect` and `check --live`.
package struct ServicePreset: Sendable, Equatable {
    /// Whether the preset was compared with what the program really writes.
    package enum Trial: Sendable, Equatable {
        /// With a recorded exposition; name and version of the program.
        case run(String)
        /// Names and traps are those of the program's documentation or source.
        case notRun
    }

    /// Short and unique, as `indicators.preset` names it: `spring-boot`.
    package let name: String
    /// What operators call the exporter.
    package let title: String
    /// Counters of requests, which are added up, with the matchers that keep them from counting twice. The first one decides
    /// whether the exporter is recognised.
    package let requests: [String]
    /// Counters of failed requests, which are added up.
    package let errors: [String]
    /// A histogram or a summary; nil where the exporter has none.
    package let latency: String?
    /// Only where the unit is not in the metric's name.
    package let latencyUnit: LatencyUnit?
    /// Matchers of series that are counted for nothing: scrapes and health checks. Nil where the exporter does not count
    /// them, or has no label that shows them.
    package let exclude: String?
    /// A series that is there whenever requests would be shown, see ``WatchList/presence``; nil where none is known.
    package let presence: String?
    /// The labels that distinguish the versions, for a proxy whose exposition has the series of both; empty for a service,
    /// whose instances have expositions of their own.
    package let poolLabels: [String]
    /// What an operator should know before relying on it.
    package let note: String?
    /// Why the exporter cannot be used at all; nil for those that can.
    package let refusal: String?
    package let trial: Trial
    /// A label without which it is another exporter that has the same metric.
    let distinctiveLabel: String?

    init(
        _ name: String, _ title: String, requests: [String], errors: [String] = [], latency: String? = nil,
        unit: LatencyUnit? = nil, exclude: String? = nil, presence: String? = nil, pools: [String] = [],
        distinctive: String? = nil,
        note: String? = nil, refusal: String? = nil, trial: Trial = .notRun
    ) {
        self.name = name
        self.title = title
        self.requests = requests
        self.errors = errors
        self.latency = latency
        latencyUnit = unit
        self.exclude = exclude
        self.presence = presence
        poolLabels = pools
        self.note = note
        self.refusal = refusal
        self.trial = trial
        distinctiveLabel = distinctive
    }

    /// The labels without which a series of the first counter is another exporter's.
    var requiredLabels: Set<String> {
        guard let counted = requests.first.flatMap(Self.selector) else { return [] }
        let outcome = errors.first.flatMap(Self.selector).map { $0.metric == counted.metric ? $0.matchers : [] } ?? []
        return Set((counted.matchers + outcome).map(\.label) + [distinctiveLabel].compactMap { $0 })
    }

    /// What the preset watches.
    package var watchList: WatchList {
        var list = WatchList(latency: latency.flatMap(Self.selector))
        list.requestCounters = requests.compactMap(Self.selector)
        list.errorCounters = errors.compactMap(Self.selector)
        list.latencyUnit = latencyUnit ?? list.latency.flatMap { LatencyUnit(nameOf: $0.metric) }
        list.presence = presence.flatMap(Self.selector)
        if let exclude, let matchers = try? SeriesMatchers(parsing: exclude) { list.excluded = matchers }
        return list
    }

    static func selector(_ text: String) -> SeriesSelector? { try? SeriesSelector(parsing: text) }
}

/// The indicators that were found in an exposition, as a configuration writes them.
package struct ProposedIndicators: Sendable, Equatable {
    package let requests: [String]
    package let errors: [String]
    package let latency: String?
    package let latencyUnit: LatencyUnit?
    package let exclude: String?
    package let presence: String?

    /// - Parameter hasLatency: whether the exposition has the preset's latency.
    init(_ preset: ServicePreset, hasLatency: Bool) {
        requests = preset.requests
        errors = preset.errors
        latency = hasLatency ? preset.latency : nil
        latencyUnit = hasLatency ? preset.latencyUnit : nil
        exclude = preset.exclude
        presence = preset.presence
    }

    init(requests: String, errors: String?, latency: String?) {
        self.requests = [requests]
        self.errors = [errors].compactMap { $0 }
        self.latency = latency
        (latencyUnit, exclude, presence) = (nil, nil, nil)
    }

    /// `requests: a + b`, `errors: …`, `latency: …`: those that there are.
    package var parts: [String] {
        let sums = [("requests", requests), ("errors", errors), ("latency", [latency].compactMap { $0 })]
        let unit = latencyUnit.map { " in \($0.name)" } ?? ""
        return sums.filter { !$0.1.isEmpty }.map { name, selectors in
            "\(name): \(selectors.joined(separator: " + "))\(name == "latency" ? unit : "")"
        } + (exclude.map { ["excluded: \($0)"] } ?? []) + (presence.map { ["presence: \($0)"] } ?? [])
    }
}
