import Support
public import Telemetry

/// Makes targets that can be scraped of what sources list, in Prometheus' order: the target's own labels win over its group's;
/// defaults where a label is absent; relabelling; the address; the pool.
public struct TargetResolver {
    /// What a target has that says nothing else.
    public struct Defaults: Sendable, Equatable {
        /// The release's name.
        public var job: String
        public var scheme: String
        public var metricsPath: String
        /// `5s`
        public var scrapeInterval: String
        public var scrapeTimeout: String

        public init(
            job: String, scheme: String = "http", metricsPath: String = "/metrics", scrapeInterval: String = "5s",
            scrapeTimeout: String = "2s"
        ) {
            (self.job, self.scheme, self.metricsPath) = (job, scheme, metricsPath)
            (self.scrapeInterval, self.scrapeTimeout) = (scrapeInterval, scrapeTimeout)
        }
    }

    private let defaults: Defaults
    /// By place; nil for a place whose targets are listed in the configuration.
    private let selections: [LabelCondition?]
    private let relabelling: Relabelling

    /// - Parameters:
    ///   - selections: of each place; empty matchers select nothing.
    /// - Throws: ``SelectorError`` for a regular expression that cannot be used.
    public init(
        defaults: Defaults, selections: [SeriesMatchers], relabelling: Relabelling = Relabelling()
    ) throws(SelectorError) {
        self.defaults = defaults
        self.relabelling = relabelling
        var conditions: [LabelCondition?] = []
        for matchers in selections { conditions.append(matchers.isEmpty ? nil : try LabelCondition(matchers)) }
        self.selections = conditions
    }

    /// All targets of the groups, in their order.
    public func resolve(_ groups: [TargetGroup]) -> [ListedTarget] {
        groups.flatMap { group in group.targets.map { resolve($0, in: group) } }
    }

    func resolve(_ target: DiscoveredTarget, in group: TargetGroup) -> ListedTarget {
        let discovered = completed(target.labels.over(group.labels))
        let final: LabelSet
        switch relabelling.outcome(of: discovered) {
        case .kept(let labels): final = labels
        case .dropped(let step): return leftOut(.relabelled, "by step \(step + 1)", discovered, target)
        case .unusable(let reason): return leftOut(.unusable, reason, discovered, target)
        }
        if let reason = reasonToRefuse(final) { return leftOut(.unusable, reason, discovered, target) }
        let shown = shown(final)
        var listed = ListedTarget(
            instance: instance(final), url: url(final), unixSocket: unixSocket(final), uniqueID: target.uniqueID,
            placement: placement(shown), discovered: discovered, labels: shown)
        if case .leftOut = listed.placement { listed.labels = shown }
        return listed
    }

    private func leftOut(
        _ reason: ListedTarget.Reason, _ detail: String, _ discovered: LabelSet, _ target: DiscoveredTarget
    ) -> ListedTarget {
        ListedTarget(
            instance: discovered[Name.address], url: "http://\(discovered[Name.address])/", uniqueID: target.uniqueID,
            placement: .leftOut(reason, detail: detail), discovered: discovered)
    }

    private func completed(_ labels: LabelSet) -> LabelSet {
        labels.over([
            "job": defaults.job, Name.scheme: defaults.scheme, Name.path: defaults.metricsPath,
            "__scrape_interval__": defaults.scrapeInterval, "__scrape_timeout__": defaults.scrapeTimeout,
        ])
    }

    private func reasonToRefuse(_ labels: LabelSet) -> String? {
        let (address, scheme) = (labels[Name.address], labels[Name.scheme])
        if address.isEmpty { return "it has no address" }
        if address.utf8.contains(where: { !(0x21...0x7E).contains($0) || "/?#@\\".utf8.contains($0) }) {
            return "the address \(ForeignText.line(address, limit: 100)) is not host:port"
        }
        guard scheme == "http" || scheme == "https" else {
            return "the scheme \(ForeignText.line(scheme, limit: 20)) is neither http nor https"
        }
        if let reason = portReason(address, hasSocket: labels.has(Name.unixSocket)) { return reason }
        guard labels[Name.path].utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            return "the metrics path has blanks, a '#', or letters outside ASCII"
        }
        return nil
    }

    /// As in Prometheus 3 no port is added.
    private func portReason(_ address: String, hasSocket: Bool) -> String? {
        let afterHost = address.hasPrefix("[") ? address.drop { $0 != "]" }.dropFirst() : address.drop { $0 != ":" }
        if afterHost.isEmpty { return hasSocket ? nil : "the address \(address) has no port" }
        guard let port = UInt16(afterHost.dropFirst()), port > 0 else {
            return "the address \(ForeignText.line(address, limit: 100)) has no usable port"
        }
        return nil
    }

    /// Labels that begin with `__` serve the scrape and are not shown; `instance` is the address where it is absent.
    private func shown(_ labels: LabelSet) -> LabelSet {
        var shown = labels
        if !shown.has(Name.instance) { shown[Name.instance] = labels[Name.address] }
        shown.keep { !$0.name.hasPrefix("__") }
        return shown
    }

    private func placement(_ labels: LabelSet) -> ListedTarget.Placement {
        let places = selections.indices.filter { index in selections[index].map { $0.holds { labels[$0] } } ?? false }
        switch places.count {
        case 0: return .leftOut(.unmatched, detail: "")
        case 1: return .place(places[0])
        default: return .leftOut(.overlap, detail: "")
        }
    }
}

/// The labels that say how a target is scraped.
private enum Name {
    static let address = DiscoveredTarget.addressLabel
    static let scheme = "__scheme__"
    static let path = "__metrics_path__"
    static let parameter = "__param_"
    static let unixSocket = "__unix_socket__"
    static let instance = "instance"
}

extension TargetResolver {
    private func url(_ labels: LabelSet) -> String {
        let base = "\(labels[Name.scheme])://\(labels[Name.address])" + path(labels)
        let query = query(labels)
        return query.isEmpty ? base : base + (base.contains("?") ? "&" : "?") + query
    }

    private func path(_ labels: LabelSet) -> String {
        let path = labels[Name.path]
        return path.hasPrefix("/") ? path : "/" + path
    }

    private func query(_ labels: LabelSet) -> String {
        labels.labels.filter { $0.name.hasPrefix(Name.parameter) }.map { label in
            "\(encoded(String(label.name.dropFirst(Name.parameter.count))))=\(encoded(label.value))"
        }.joined(separator: "&")
    }

    private func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isPlain(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }

    private func unixSocket(_ labels: LabelSet) -> String? {
        labels.has(Name.unixSocket) ? labels[Name.unixSocket] : nil
    }

    /// The address, which is unique unless an address has several expositions.
    private func instance(_ labels: LabelSet) -> String {
        let (address, path, query) = (labels[Name.address], path(labels), query(labels))
        let rest = (path == defaults.metricsPath ? "" : path) + (query.isEmpty ? "" : "?" + query)
        return address + rest
    }
}
