import Model

/// What a reload changes, for the log and the answer to who asked for it.
struct ReloadChanges {
    /// One text per change, `checkout: canary v1.5.0 -> v1.6.0`; empty when nothing differs.
    let texts: [String]

    init(from old: Plan, to new: Plan) {
        var texts: [String] = []
        let before = Dictionary(old.releases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.releases.map(\.name))
        for release in new.releases {
            guard let earlier = before[release.name] else {
                texts.append("\(release.name): added")
                continue
            }
            texts += Self.changes(earlier, release).map { "\(release.name): \($0)" }
        }
        texts += old.releases.filter { !names.contains($0.name) }.map { "\($0.name): removed" }
        if old.receivers != new.receivers { texts.append("receivers") }
        if old.groups != new.groups { texts.append("groups") }
        if old.daemon != new.daemon { texts.append("settings of the daemon") }
        self.texts = texts
    }

    var text: String { texts.isEmpty ? "nothing has changed" : texts.joined(separator: "; ") }

    private static func changes(_ old: ReleasePlan, _ new: ReleasePlan) -> [String] {
        var changes: [String] = []
        for pool in Pool.allCases {
            let (before, after) = (old.pool(pool), new.pool(pool))
            if before.version != after.version {
                changes.append("\(pool.rawValue) \(before.version) -> \(after.version)")
            }
            changes += difference(
                "\(pool.rawValue) target", before.targets.map(\.instance), after.targets.map(\.instance))
        }
        changes += difference("rule", old.rules.map(\.name), new.rules.map(\.name))
        let kept = Set(old.rules.map(\.name)).intersection(new.rules.map(\.name))
        let changed = new.rules.filter { rule in
            kept.contains(rule.name) && old.rules.contains { $0.name == rule.name && !$0.isSame(as: rule) }
        }
        if !changed.isEmpty { changes.append("changed rules \(changed.map(\.name).joined(separator: ", "))") }
        if old.router != new.router || old.fallback != new.fallback { changes.append("router") }
        if old.scrape != new.scrape { changes.append("scrape") }
        if old.procedure != new.procedure { changes.append("plan") }
        // What has no line of its own, such as `proof`, still is a change.
        return changes.isEmpty && old.withoutRemarks != new.withoutRemarks ? ["settings"] : changes
    }

    private static func difference(_ what: String, _ old: [String], _ new: [String]) -> [String] {
        let added = new.filter { !old.contains($0) }
        let removed = old.filter { !new.contains($0) }
        return [("+", added), ("-", removed)].compactMap { sign, names in
            names.isEmpty
                ? nil
                : "\(what)\(names.count == 1 ? "" : "s") \(sign)\(names.prefix(5).joined(separator: ", "))"
                    + (names.count > 5 ? " and \(names.count - 5) more" : "")
        }
    }
}

extension RulePlan {
    /// Wherever in a file it is.
    fileprivate func isSame(as other: RulePlan) -> Bool {
        var (left, right) = (self, other)
        (left.source, right.source) = (nil, nil)
        return left == right
    }
}

extension ReleasePlan {
    /// Remarks say where something is, which moves with every line above it.
    fileprivate var withoutRemarks: ReleasePlan {
        var plan = self
        plan.remarks = []
        plan.origin = nil
        for index in plan.rules.indices { plan.rules[index].source = nil }
        return plan
    }
}
