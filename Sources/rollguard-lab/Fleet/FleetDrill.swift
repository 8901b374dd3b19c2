import Model

/// A fleet whose members come and go, one change at a time, and what that moves.
struct FleetDrill {
    /// What came of one change.
    struct Row {
        let event: String
        let members: Int
        /// Targets that came to a member that did not watch them, and how many may at the most.
        let moved: Int
        let bound: Int
        let movedShards: Int
        /// Shards whose owner is another one.
        let owners: Int
        /// Targets of the member with the fewest and of the one with the most.
        let least: Int
        let most: Int
    }

    private(set) var rows: [Row] = []
    /// Sentences of laws that do not hold.
    private(set) var broken: [String] = []
    private var fleet: VirtualFleet
    private let firstMembers: Int
    private var names: [String]
    private var current: FleetAssignment?

    init(_ fleet: VirtualFleet, members: Int) {
        self.fleet = fleet
        firstMembers = members
        names = (1...members).map { "rg-\($0)" }
        settle("start", bound: fleet.total * fleet.copies)
        names.append("rg-\(members + 1)")
        settle("a member joins", bound: share)
        leave(named: "rg-1", "a member leaves")
        leave(named: "rg-2", "a member dies")
        names.append("rg-2")
        settle("it returns", bound: share)
        self.fleet.addLargest()
        settle("a release of \(Figures.grouped(fleet.largest)) targets comes", bound: fleet.largest * fleet.copies)
    }

    /// Targets of each member, when all have as many.
    private var share: Int { (fleet.total * min(fleet.copies, names.count) + names.count - 1) / names.count }

    private var heaviest: Int { fleet.weights.max() ?? 0 }

    private func load(_ name: String, _ assignment: FleetAssignment) -> Int {
        assignment.shards(of: name).reduce(0) { $0 + fleet.weights[$1] }
    }

    private mutating func leave(named name: String, _ event: String) {
        let had = current.map { load(name, $0) } ?? 0
        names.removeAll { $0 == name }
        // What it had is taken over; a shard that is heavy may push others on.
        settle(event, bound: had + max(had / 4, 2 * heaviest))
    }

    private func next(_ current: FleetAssignment?) -> FleetAssignment {
        FleetAssignment.next(
            current, members: names.map { FleetMember(name: $0) }, weights: fleet.weights, copies: fleet.copies
        ).assignment
    }

    private mutating func settle(_ event: String, bound: Int) {
        // The second call lets a member own what it has watched since the first one.
        let after = next(next(current))
        let before = current?.shards ?? after.shards.map { _ in [] }
        let gains = after.shards.indices.flatMap { shard in
            after.shards[shard].filter { !before[shard].contains($0) }.map { _ in shard }
        }
        let loads = names.map { load($0, after) }
        let row = Row(
            event: event, members: names.count, moved: gains.reduce(0) { $0 + fleet.weights[$1] }, bound: bound,
            movedShards: gains.count, owners: before.indices.count { before[$0].first != after.shards[$0].first },
            least: loads.min() ?? 0, most: loads.max() ?? 0)
        rows.append(row)
        current = after
        check(row, after)
    }

    private mutating func check(_ row: Row, _ after: FleetAssignment) {
        let unwatched = after.shards.count { $0.count < min(fleet.copies, names.count) }
        if unwatched > 0 { broken.append("\(row.event): \(unwatched) shards have too few members") }
        if row.moved > row.bound { broken.append("\(row.event): \(row.moved) targets moved, \(row.bound) may") }
        let slack = FleetAssignment.slackPercent
        // A shard cannot be divided, so where it is heavier than the slack it may be what is too much.
        if row.most > share + max(share * slack / 100 + 1, heaviest * 100 > share * slack ? heaviest : 0) {
            broken.append("\(row.event): a member has \(row.most) targets of \(share)")
        }
        if next(after) != after { broken.append("\(row.event): the assignment does not come to rest") }
    }

    // MARK: Text

    func text(samples: Int, intervalSeconds: Double) -> String {
        var table = Markdown([
            "change", "members", "shards moved", "targets moved", "at most", "owners changed", "targets per member",
            "cores", "memory, GiB",
        ])
        for row in rows {
            let need = Scale.measured.need(targets: row.most, samples: samples, intervalSeconds: intervalSeconds)
            // It is one process, whatever it has to do.
            let bytes = need.bytes - Double(need.shards - 1) * Scale.measured.baseBytes
            table.row([
                row.event, "\(row.members)", "\(row.movedShards)", Figures.grouped(row.moved),
                Figures.grouped(row.bound), "\(row.owners)",
                "\(Figures.grouped(row.least)) to \(Figures.grouped(row.most))", Figures.short(need.cores),
                Figures.short(bytes / 1_073_741_824),
            ])
        }
        return heading(samples, intervalSeconds) + table.text
    }

    private func heading(_ samples: Int, _ intervalSeconds: Double) -> String {
        let watched = fleet.targets * fleet.copies
        let need = Scale.measured.need(targets: watched, samples: samples, intervalSeconds: intervalSeconds)
        return
            "\(Figures.grouped(fleet.targets)) targets, \(Figures.grouped(fleet.releases)) releases, \(fleet.weights.count) shards, \(fleet.copies) copies; "
            + "\(Figures.grouped(samples)) samples each \(Figures.short(intervalSeconds)) s. Members within the limits of one Rollguard: \(need.shards).\n\n"
    }
}
