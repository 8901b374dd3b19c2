import Discovery
import Model

/// The targets that a release lists by name, at the addresses that the names have. A name with one address stays what it is: one
/// target, whose host is looked up with each scrape.
struct NamedTargets {
    /// In lower case, sorted; the places of their source's list.
    let names: [String]
    /// Names that have had several addresses. Their targets stay at addresses, also when a single one is left: it is the same
    /// process as before.
    private var several: Set<String> = []
    /// Names that the last answer could not read: what is listed for them is what was in force before.
    var unread: Set<String> = []
    /// By name, at least two each, or one of a name that has had several.
    private(set) var addresses: [String: [String]] = [:]

    init(names: [String]) { self.names = names }

    /// Another configuration of the release.
    mutating func continueFrom(_ before: NamedTargets) { several = before.several.intersection(names) }

    /// Takes the addresses up that are in force.
    mutating func follow(_ list: SourceList) {
        addresses = [:]
        for (name, known) in Dictionary(grouping: list.targets, by: { $0.place ?? 0 }) where known.count > 0 {
            let name = names[name]
            // An address that takes the place of another one is not the second of two.
            if !unread.contains(name), known.count > 1, known.count(where: { list.isListed($0.key) }) > 1 {
                several.insert(name)
            }
            guard several.contains(name) else { continue }
            addresses[name] = known.compactMap(\.address).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    /// Of the listed targets one for each address of theirs.
    func targets(_ listed: [TargetPlan]) -> [TargetPlan] {
        guard !addresses.isEmpty else { return listed }
        return listed.flatMap { target -> [TargetPlan] in
            guard let known = target.hostName.flatMap({ addresses[$0] }) else { return [target] }
            return known.map(target.at)
        }
    }

    // MARK: The source's list

    /// The addresses of the groups, whose source is the name. A place of the list is a name, so that one that loses most of its
    /// addresses is held by itself.
    func listed(_ groups: [TargetGroup]) -> [ListedTarget] {
        groups.flatMap { group in
            group.targets.compactMap { listed($0.labels[DiscoveredTarget.addressLabel], of: group.source) }
        }
    }

    /// Those of an earlier process, or of an earlier configuration.
    func listed(_ known: TargetGroup) -> [ListedTarget] {
        known.targets.compactMap {
            listed($0.labels[DiscoveredTarget.addressLabel], of: $0.labels[Self.nameLabel])
        }
    }

    private static let nameLabel = "__meta_dns_name"

    private func listed(_ address: String, of name: String) -> ListedTarget? {
        guard let place = names.firstIndex(of: name) else { return nil }
        return ListedTarget(
            instance: "\(name)@\(address)", url: "http://\(name)/", address: address, placement: .place(place),
            discovered: [DiscoveredTarget.addressLabel: address, Self.nameLabel: name])
    }

    // MARK: For operators

    /// Of the names that could not be looked up those whose addresses matter.
    func matters(_ unread: [String]) -> Bool { unread.contains { addresses[$0] != nil } }

    /// One sentence for each name with several addresses, at most ``textLimit``.
    var texts: [String] {
        let known = names.filter { addresses[$0] != nil }
        let shown = known.prefix(Self.textLimit).map { name in
            let count = addresses[name]?.count ?? 0
            return "\(name) has \(count) address\(count == 1 ? "" : "es"), and each of them is scraped as a target"
        }
        let more = known.count - shown.count
        return shown + (more > 0 ? ["\(more) more names have several addresses"] : [])
    }

    private static let textLimit = 5
}
