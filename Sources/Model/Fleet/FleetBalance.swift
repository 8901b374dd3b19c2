/// An assignment on the way to the next one. Members are numbers here, in the order of their names.
struct FleetBalance {
    private let names: [String]
    private let capacities: [Int]
    private let weights: [Int]
    private let copies: Int
    /// By shard: its members in order.
    private var seats: [[Int]]
    /// By shard: those of them that watched it before.
    private let incumbents: [[Int]]
    /// By member: targets that it watches, and shards.
    private var loads: [Int]
    private var counts: [Int]
    /// Heaviest first.
    private let heaviestFirst: [Int]

    init(_ current: [[String]]?, members: [FleetMember], weights: [Int], copies: Int) {
        var sorted: [FleetMember] = []
        for member in members.sorted(by: { ($0.name, $0.capacity ?? .max) < ($1.name, $1.capacity ?? .max) })
        where sorted.last?.name != member.name { sorted.append(member) }
        names = sorted.map(\.name)
        capacities = sorted.map { $0.capacity ?? .max }
        self.weights = weights
        self.copies = min(max(copies, 1), sorted.count)
        heaviestFirst = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let kept = (current ?? weights.map { _ in [] }).map { list in
            list.reduce(into: [Int]()) { kept, name in
                if let place = places[name], !kept.contains(place) { kept.append(place) }
            }
        }
        incumbents = kept
        seats = []
        (loads, counts) = (names.map { _ in 0 }, names.map { _ in 0 })
        seats = weights.map { _ in [] }
        let limit = self.copies
        for shard in weights.indices { for member in kept[shard].prefix(limit) { seat(member, shard) } }
    }

    var lists: [[String]] { seats.map { $0.map { names[$0] } } }

    var isOverloaded: Bool {
        seats.contains { $0.count < copies } || loads.indices.contains { loads[$0] > capacities[$0] }
    }

    /// Repeats until nothing changes, so that the next call with the same arguments changes nothing either. Each round fills or
    /// evens out something, so few are enough; the bound is for safety.
    mutating func settle() {
        guard !names.isEmpty else { return }
        for _ in 0..<16 {
            let before = seats
            watchEverything()
            shed()
            fill()
            level()
            if seats == before { return }
        }
    }

    // MARK: Seats

    private mutating func seat(_ member: Int, _ shard: Int) {
        seats[shard].append(member)
        loads[member] += weights[shard]
        counts[member] += 1
    }

    private mutating func leave(_ member: Int, _ shard: Int) {
        seats[shard].removeAll { $0 == member }
        loads[member] -= weights[shard]
        counts[member] -= 1
    }

    private func hasRoom(_ member: Int, _ weight: Int) -> Bool { weight <= capacities[member] - loads[member] }

    private func shards(of member: Int) -> [Int] { heaviestFirst.filter { seats[$0].contains(member) } }

    /// The member with the least load that does not watch the shard.
    private func leastLoaded(for shard: Int, where isFit: (Int) -> Bool) -> Int? {
        names.indices.filter { !seats[shard].contains($0) && isFit($0) }
            .min { (loads[$0], counts[$0], $0) < (loads[$1], counts[$1], $1) }
    }

    // MARK: Filling

    /// Nothing is left unwatched: where no member has room, copies give way, and then capacity does.
    private mutating func watchEverything() {
        for shard in heaviestFirst where seats[shard].isEmpty {
            let weight = weights[shard]
            if let member = leastLoaded(for: shard, where: { hasRoom($0, weight) }) ?? makeRoom(for: shard) {
                seat(member, shard)
                continue
            }
            // Above its capacity by as little as possible.
            let member = names.indices.min { one, other in
                (loads[one] - capacities[one], loads[one], one)
                    < (loads[other] - capacities[other], loads[other], other)
            }
            if let member { seat(member, shard) }
        }
    }

    /// Takes copies from the member that gets room for the shard with the fewest.
    private mutating func makeRoom(for shard: Int) -> Int? {
        let plans = names.indices.compactMap { member -> (member: Int, dropped: [Int])? in
            dropped(by: member, forWeight: weights[shard]).map { (member, $0) }
        }
        guard let plan = plans.min(by: { ($0.dropped.count, $0.member) < ($1.dropped.count, $1.member) }) else {
            return nil
        }
        for copy in plan.dropped { leave(plan.member, copy) }
        return plan.member
    }

    /// The copies that the member would give up; standbys before owners, and heavy ones before light ones.
    private func dropped(by member: Int, forWeight weight: Int) -> [Int]? {
        var missing = weight - (capacities[member] - loads[member])
        var dropped: [Int] = []
        let copies = shards(of: member).filter { seats[$0].count > 1 && weights[$0] > 0 }
        for shard in copies.filter({ seats[$0].first != member }) + copies.filter({ seats[$0].first == member }) {
            guard missing > 0 else { break }
            dropped.append(shard)
            missing -= weights[shard]
        }
        return missing > 0 ? nil : dropped
    }

    /// Members above their capacity give shards to those with room, and then give up copies.
    private mutating func shed() {
        for member in names.indices {
            for shard in shards(of: member) where loads[member] > capacities[member] && weights[shard] > 0 {
                let weight = weights[shard]
                if let other = leastLoaded(for: shard, where: { hasRoom($0, weight) }) {
                    leave(member, shard)
                    seat(other, shard)
                } else if seats[shard].count > 1 {
                    leave(member, shard)
                }
            }
        }
    }

    /// Copies that are missing, where there is room.
    private mutating func fill() {
        for shard in heaviestFirst {
            while seats[shard].count < copies,
                let member = leastLoaded(for: shard, where: { hasRoom($0, weights[shard]) })
            {
                seat(member, shard)
            }
        }
    }

    // MARK: Levelling

    private struct Move {
        let shard: Int
        let from: Int
        let to: Int
    }

    /// Moves shards while a member is too far below or above its share. Each move evens two loads out, so it ends. Those that have
    /// too little come first: what a new member takes relieves the others, and no shard moves between those.
    private mutating func level() {
        let share = fairShare
        while let move = supply(share) ?? relief(share) {
            leave(move.from, move.shard)
            seat(move.to, move.shard)
        }
    }

    /// Targets of a member without a limit, when those with a lower one have as much as they may.
    private var fairShare: Int {
        var left = loads.reduce(0, +)
        var members = names.count
        for capacity in capacities.sorted() {
            guard capacity < (left + members - 1) / members else { break }
            left -= capacity
            members -= 1
            if members == 0 { return .max / 200 }
        }
        return (left + members - 1) / members
    }

    private var leastLoadedFirst: [Int] {
        names.indices.sorted { (loads[$0], counts[$0], $0) < (loads[$1], counts[$1], $1) }
    }

    private func upperLimit(_ share: Int) -> Int { (share * (100 + FleetAssignment.slackPercent) + 99) / 100 }

    private func lowerLimit(_ share: Int, _ member: Int) -> Int {
        min(share, capacities[member]) * (100 - FleetAssignment.slackPercent) / 100
    }

    /// From the member that is the most above its share to the one with the least: the heaviest shard that leaves neither on the
    /// wrong side of it, else the one that leaves the lower load behind.
    private func relief(_ share: Int) -> Move? {
        let limit = upperLimit(share)
        let over = names.indices.filter { loads[$0] > limit }.sorted { (loads[$1], $0) < (loads[$0], $1) }
        for from in over {
            var best: (move: Move, higher: Int)?
            let own = shards(of: from).filter { weights[$0] > 0 }
            for to in leastLoadedFirst where to != from {
                for shard in own where !seats[shard].contains(to) {
                    let weight = weights[shard]
                    guard hasRoom(to, weight), loads[to] + weight < loads[from] else { continue }
                    if loads[to] + weight <= limit, loads[from] - weight >= lowerLimit(share, from) {
                        return Move(shard: shard, from: from, to: to)
                    }
                    let higher = max(loads[to] + weight, loads[from] - weight)
                    if higher < best?.higher ?? .max { best = (Move(shard: shard, from: from, to: to), higher) }
                }
            }
            if let best { return best.move }
        }
        return nil
    }

    /// To the member that is the most below its share, from the one with the most: the heaviest shard after which neither is on
    /// the wrong side of it.
    private func supply(_ share: Int) -> Move? {
        let under = leastLoadedFirst.filter { loads[$0] < lowerLimit(share, $0) }
        let donors = names.indices.sorted { (loads[$1], $0) < (loads[$0], $1) }
        for to in under {
            for from in donors where loads[from] > share {
                let found = shards(of: from).first { shard in
                    let weight = weights[shard]
                    return weight > 0 && !seats[shard].contains(to) && hasRoom(to, weight)
                        && loads[to] + weight <= share && loads[from] - weight >= lowerLimit(share, from)
                }
                if let found { return Move(shard: found, from: from, to: to) }
            }
        }
        return nil
    }

    // MARK: Owners

    /// An incumbent is first where there is one; among them the owned loads are evened out.
    mutating func chooseOwners() {
        for shard in seats.indices where !seats[shard].isEmpty {
            let isKnown = seats[shard].map { incumbents[shard].contains($0) }
            guard isKnown.first == false, let known = isKnown.firstIndex(of: true) else { continue }
            putFirst(seats[shard][known], shard)
        }
        var owned = names.map { _ in 0 }
        for shard in seats.indices { if let owner = seats[shard].first { owned[owner] += weights[shard] } }
        while let (shard, next) = ownerMove(owned) {
            owned[seats[shard][0]] -= weights[shard]
            owned[next] += weights[shard]
            putFirst(next, shard)
        }
    }

    private mutating func putFirst(_ member: Int, _ shard: Int) {
        seats[shard].removeAll { $0 == member }
        seats[shard].insert(member, at: 0)
    }

    /// From the member that owns the most, or to the one that owns the least, when it is too far from the average.
    private func ownerMove(_ owned: [Int]) -> (shard: Int, next: Int)? {
        guard !owned.isEmpty else { return nil }
        let average = owned.reduce(0, +) / owned.count
        let (upper, lower) = (upperLimit(average), average * (100 - FleetAssignment.slackPercent) / 100)
        for shard in heaviestFirst where weights[shard] > 0 {
            guard let owner = seats[shard].first, let next = heir(of: shard, owned) else { continue }
            guard owned[owner] > upper || owned[next] < lower else { continue }
            if owned[next] + weights[shard] < owned[owner] { return (shard, next) }
        }
        return nil
    }

    /// The standby that owns the least, of those that may take the shard over without a loss of evidence.
    private func heir(of shard: Int, _ owned: [Int]) -> Int? {
        let isNew = !seats[shard].contains { incumbents[shard].contains($0) }
        return seats[shard].dropFirst().filter { isNew || incumbents[shard].contains($0) }
            .min { (owned[$0], $0) < (owned[$1], $1) }
    }
}
