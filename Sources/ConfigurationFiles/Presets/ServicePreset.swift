import Telemetry

/// Which series of a well-known exporter are requests, errors and latency.
package struct ServicePreset: Sendable, Equatable {
    /// Short and unique, as a configuration would name it: `micrometer`.
    package let name: String
    /// What operators call the exporter.
    package let title: String
    /// The counter of requests, with the matchers that keep it from counting twice.
    package let requests: String
    /// The label of `requests` that says how a request ended.
    package let outcomeLabel: String
    /// A regular expression for the values of `outcomeLabel` that are failures.
    package let failures: String
    /// A histogram or a summary; nil where the exporter has none.
    package let latency: String?
    /// Only where the unit is not in the metric's name.
    package let latencyUnit: String?
    /// The label that holds the path of a request, for leaving out scrapes and probes; nil where they are not counted.
    package let pathLabel: String?
    /// The label that distinguishes the versions, for a proxy whose scrape body has the series of both.
    package let poolLabel: String?
    /// What an operator should know before relying on it.
    package let note: String?
    /// A label without which it is another exporter that has the same metric.
    let distinctiveLabel: String?

    init(
        _ name: String, title: String, requests: String, outcome: String, failures: String = "5..",
        latency: String? = nil, unit: String? = nil, path: String? = nil, pool: String? = nil,
        distinctive: String? = nil, note: String? = nil
    ) {
        self.name = name
        self.title = title
        self.requests = requests
        outcomeLabel = outcome
        self.failures = failures
        self.latency = latency
        latencyUnit = unit
        pathLabel = path
        poolLabel = pool
        self.note = note
        distinctiveLabel = distinctive
    }

    /// The labels without which a series of this name is another exporter's.
    var requiredLabels: Set<String> {
        let matched = (try? SeriesSelector(parsing: requests))?.matchers.map(\.label) ?? []
        return Set(matched + [outcomeLabel] + [distinctiveLabel].compactMap { $0 })
    }
}

/// The indicators that a preset proposes, as selectors for a configuration.
package struct ProposedIndicators: Sendable, Equatable {
    package let requests: String
    package let errors: String?
    package let latency: String?
    package let latencyUnit: String?

    /// - Parameter labels: those that the series of requests have.
    init(_ preset: ServicePreset, labels: Set<String>, hasLatency: Bool, latencyLabels: Set<String>) {
        func excluding(_ labels: Set<String>) -> [String] {
            guard let path = preset.pathLabel, labels.contains(path) else { return [] }
            return ["\(path)!~\"\(ProposedIndicators.ownRequests)\""]
        }
        let failures = "\(preset.outcomeLabel)=~\"\(preset.failures)\""
        requests = ProposedIndicators.selector(preset.requests, adding: excluding(labels))
        errors = ProposedIndicators.selector(preset.requests, adding: excluding(labels) + [failures])
        latency =
            hasLatency
            ? preset.latency.map { ProposedIndicators.selector($0, adding: excluding(latencyLabels)) } : nil
        latencyUnit = preset.latencyUnit
    }

    init(requests: String, errors: String?, latency: String?) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
        latencyUnit = nil
    }

    /// Scrapes and health probes, as paths: they are traffic in both pools, whatever the split is.
    static let ownRequests = "/metrics|/actuator.*|/-/.*|/(health|ready|live)(z|y|iness|ness)?|/ping"

    /// `a{b="c"}` with another matcher in its braces.
    static func selector(_ selector: String, adding matchers: [String]) -> String {
        guard !matchers.isEmpty else { return selector }
        let added = matchers.joined(separator: ",")
        guard selector.hasSuffix("}") else { return selector + "{\(added)}" }
        return selector.dropLast() + ",\(added)}"
    }
}
