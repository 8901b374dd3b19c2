/// Which notifications a route or a silence is about. Every condition that is there has to hold; an empty match holds for
/// every notification.
public struct NotificationMatch: Sendable, Equatable, Codable {
    /// Names of releases or of their units; `*` stands for any characters. Empty for any release.
    public var releases: [String]
    /// Names of events (``Notification/Event``). Empty for any event.
    public var events: [String]
    /// Empty for any severity.
    public var severities: [Severity]
    /// Names of rules, with `*`. Never holds for a notification without an alert. Empty for any rule.
    public var rules: [String]
    /// Labels of the rule, whose values may have `*`; all have to be there.
    public var labels: [Label]

    public struct Label: Sendable, Equatable, Codable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        releases: [String] = [], events: [String] = [], severities: [Severity] = [], rules: [String] = [],
        labels: [Label] = []
    ) {
        self.releases = releases
        self.events = events
        self.severities = severities
        self.rules = rules
        self.labels = labels
    }

    public var isEmpty: Bool { self == NotificationMatch() }

    public func holds(for notification: Notification) -> Bool {
        guard events.isEmpty || events.contains(notification.event.rawValue) else { return false }
        guard severities.isEmpty || severities.contains(Severity(notification)) else { return false }
        guard releases.isEmpty || releases.contains(where: { Wildcard.matches($0, notification.release) }) else {
            return false
        }
        let alert = notification.alert
        guard rules.isEmpty || rules.contains(where: { Wildcard.matches($0, alert?.rule ?? "") }) else { return false }
        return labels.allSatisfy { label in
            let value = alert?.labels.first { $0.name == label.name }?.value ?? ""
            return Wildcard.matches(label.value, value)
        }
    }

    /// `release=checkout severity=critical`; `everything` for an empty match.
    public var text: String {
        let named = [
            ("release", releases), ("event", events), ("severity", severities.map(\.rawValue)), ("rule", rules),
        ]
        let parts = named.filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1.joined(separator: ","))" }
        let all = parts + labels.map { "\($0.name)=\($0.value)" }
        return all.isEmpty ? "everything" : all.joined(separator: " ")
    }
}

/// Patterns in which `*` stands for any characters, also none; everything else stands for itself.
public enum Wildcard {
    /// Takes time in proportion to the product of the lengths at most.
    public static func matches(_ pattern: String, _ text: String) -> Bool {
        guard pattern.utf8.contains(UInt8(ascii: "*")) else { return pattern == text }
        let (wanted, given) = (Array(pattern.utf8), Array(text.utf8))
        var (at, position) = (0, 0)
        // Where to continue when the text does not fit: after the last `*`, one byte later.
        var retry: (at: Int, position: Int)?
        while position < given.count {
            if at < wanted.count, wanted[at] == UInt8(ascii: "*") {
                retry = (at + 1, position)
                at += 1
            } else if at < wanted.count, wanted[at] == given[position] {
                (at, position) = (at + 1, position + 1)
            } else if let last = retry {
                retry = (last.at, last.position + 1)
                (at, position) = (last.at, last.position + 1)
            } else {
                return false
            }
        }
        return wanted[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
