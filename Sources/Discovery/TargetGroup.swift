/// One address as a source lists it, before relabelling.
public struct DiscoveredTarget: Sendable, Equatable {
    /// The target's own labels: `__address__`, `__meta_…` and any others. They win over the group's.
    public var labels: LabelSet
    /// What the source identifies the instance by, where it has such an id: the uid of a pod, the id of a container, the
    /// service id of Consul. Another id at the same address is another instance.
    public var uniqueID: String?

    public init(labels: LabelSet, uniqueID: String? = nil) {
        self.labels = labels
        self.uniqueID = uniqueID
    }

    /// An address without further labels of its own.
    public init(address: String, uniqueID: String? = nil) {
        self.init(labels: [DiscoveredTarget.addressLabel: address], uniqueID: uniqueID)
    }

    /// The label that holds `host:port`.
    public static let addressLabel = "__address__"
}

/// Targets that a source lists together, with the labels that they share.
public struct TargetGroup: Sendable, Equatable {
    /// Where in the source the group comes from, for messages: a file with the index of the group, a service, a pod. Unique in
    /// an answer.
    public var source: String
    public var labels: LabelSet
    public var targets: [DiscoveredTarget]

    public init(source: String, labels: LabelSet = LabelSet(), targets: [DiscoveredTarget]) {
        self.source = source
        self.labels = labels
        self.targets = targets
    }
}

/// What a source answered.
public enum SourceAnswer: Sendable, Equatable {
    /// Everything that the source lists at present. Never a part of it: a source that could read only a part has failed.
    case list([TargetGroup])
    /// What the source lists, but for groups that could not be read and are named by their `source`: what they listed before is
    /// still listed. The reason is one line without secrets.
    case partial([TargetGroup], unread: [String], reason: String)
    /// The source could not be read, or what it answered cannot be used. The reason is one line without secrets.
    case failed(reason: String)
}

/// The bounds of what any source may list; an answer beyond one of them is an answer that cannot be used.
public enum SourceLimits {
    /// Of one answer's body, bytes.
    public static let bodyBytes = 10 << 20
    /// Of one source.
    public static let targets = 10_000
    /// Of one target, with those of its group.
    public static let labels = 512
    /// Of one label, bytes of UTF-8.
    public static let labelNameBytes = 1_024
    public static let labelValueBytes = 64 << 10

    /// Why the groups are beyond a bound; nil where they are within all of them.
    public static func reasonToRefuse(_ groups: [TargetGroup]) -> String? {
        let count = groups.reduce(0) { $0 + $1.targets.count }
        if count > targets { return "it lists \(count) targets, and at most \(targets) are taken" }
        for group in groups {
            if let reason = reason(group.labels, in: group.source) { return reason }
            for target in group.targets {
                if let reason = reason(target.labels, in: group.source) { return reason }
                if target.labels.labels.count + group.labels.labels.count > labels {
                    return "a target of \(group.source) has more than \(labels) labels"
                }
            }
        }
        return nil
    }

    private static func reason(_ set: LabelSet, in source: String) -> String? {
        for label in set.labels {
            if label.name.utf8.count > labelNameBytes {
                return "\(source) has a label whose name is longer than \(labelNameBytes) bytes"
            }
            if label.value.utf8.count > labelValueBytes {
                return "the label \(label.name) in \(source) is longer than \(labelValueBytes) bytes"
            }
        }
        return nil
    }
}
