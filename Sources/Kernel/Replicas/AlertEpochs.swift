import Model

/// Which firing of a rule this is, so that all replicas send the message about it under one id.
///
/// The leader counts the firings of each rule and hands the numbers over. A replica that fires while the leader's alert fires
/// takes the leader's number; one that fires before it takes the number that the leader gives next. A replica that fires where
/// the leader does not, because their windows differ, uses that number once: its further firings have names of its own until the
/// leader has counted on, so no number means two troubles.
struct AlertEpochs: Sendable, Equatable {
    fileprivate struct Rule: Sendable, Equatable {
        let name: String
        /// The leader's count, and whether it fires there.
        var leader: UInt64 = 0
        var isLeaderFiring = false
        /// The highest number that this replica has used.
        var used: UInt64 = 0
        /// Firings with names of its own.
        var own: UInt64 = 0
        /// Of the alert that fires here; nil while it does not.
        var present: String?
    }

    /// As many rules are remembered, those included that a reload has removed.
    private static let limit = 2_000

    private var rules: [Rule] = []
    /// The leader's count is known.
    private var isCounted = false

    init() {}

    /// - Parameter replica: names this replica's journal.
    /// - Returns: the name of the firing that begins now.
    mutating func fired(_ rule: String, leads: Bool, replica: String) -> String {
        let index = place(rule)
        let epoch = rules[index].next(leads: leads, isCounted: isCounted, replica: replica)
        rules[index].present = epoch
        return epoch
    }

    /// - Returns: the name of the firing that ends now; nil where it is not known.
    mutating func resolved(_ rule: String, leads: Bool) -> String? {
        let index = place(rule)
        defer { rules[index].present = nil }
        if leads { rules[index].isLeaderFiring = false }
        return rules[index].present
    }

    /// From the journal.
    mutating func restore(_ alert: AlertRecord, isFiring: Bool) {
        guard let epoch = alert.epoch else { return }
        let index = place(alert.rule)
        rules[index].present = isFiring ? epoch : nil
        if let ordinal = UInt64(epoch) {
            rules[index].used = max(rules[index].used, ordinal)
        } else if let own = epoch.split(separator: "-").last.flatMap({ UInt64($0) }) {
            rules[index].own = max(rules[index].own, own)
        }
    }

    /// What the leader has counted.
    ///
    /// - Parameter epochs: nil from a leader of a version that does not count.
    mutating func adopt(_ epochs: [AlertEpoch]?) {
        guard let epochs else { return isCounted = false }
        isCounted = true
        for epoch in epochs {
            let index = place(epoch.rule)
            (rules[index].leader, rules[index].isLeaderFiring) = (epoch.ordinal, epoch.isFiring)
        }
    }

    /// This replica counts from now on.
    mutating func lead() {
        isCounted = true
        for index in rules.indices {
            rules[index].leader = max(rules[index].leader, rules[index].used)
            rules[index].isLeaderFiring = rules[index].present != nil
        }
    }

    /// For the others.
    var handed: [AlertEpoch] {
        rules.filter { $0.leader > 0 }.map {
            AlertEpoch(rule: $0.name, ordinal: $0.leader, isFiring: $0.isLeaderFiring)
        }
    }

    private mutating func place(_ rule: String) -> Int {
        if let index = rules.firstIndex(where: { $0.name == rule }) { return index }
        if rules.count >= AlertEpochs.limit, let quiet = rules.firstIndex(where: { $0.present == nil }) {
            rules.remove(at: quiet)
        }
        rules.append(Rule(name: rule))
        return rules.count - 1
    }
}

extension AlertEpochs.Rule {
    fileprivate mutating func next(leads: Bool, isCounted: Bool, replica: String) -> String {
        if leads {
            leader = max(leader, used) + 1
            (used, isLeaderFiring) = (leader, true)
            return String(leader)
        }
        let ordinal = isLeaderFiring ? leader : leader + 1
        guard isCounted, ordinal > used else {
            own += 1
            return "\(ordinal)-\(replica)-\(own)"
        }
        used = ordinal
        return String(ordinal)
    }
}

extension AlertRecord {
    /// The part of the ids of messages about it that all replicas give alike; nil where they do not agree on it.
    func sharedName(_ release: String, _ event: Notification.Event) -> String? {
        epoch.map { "\(release)-\(AlertRecord.plain(rule))-\($0)-\(event.rawValue)" }
    }

    /// Ids travel in headers and URLs, and no two rules have the same.
    private static func plain(_ rule: String) -> String {
        rule.utf8.reduce(into: "") { text, byte in
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII, scalar.properties.isAlphabetic || scalar.properties.numericType != nil || byte == 95 {
                text.unicodeScalars.append(scalar)
            } else {
                text += "-" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }
}

extension Release {
    /// Gives the alerts of these outcomes the names that their firings have among the replicas.
    mutating func counted(_ outcomes: [RuleOutcome], _ context: StepContext) -> [RuleOutcome] {
        guard let rights = context.rights else { return outcomes }
        return outcomes.map { outcome in
            var alert = outcome.alert
            alert.epoch =
                outcome.isFiring
                ? alertEpochs.fired(alert.rule, leads: rights.leads(name), replica: context.journalIdentity)
                : alertEpochs.resolved(alert.rule, leads: rights.leads(name))
            return RuleOutcome(isFiring: outcome.isFiring, alert: alert, text: outcome.text)
        }
    }
}
