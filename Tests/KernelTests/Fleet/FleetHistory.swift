import Model
import Support

/// A fleet whose members and weights change as a seed says, and what is wrong with its assignments.
struct FleetHistory {
    private(set) var broken: [String] = []
    private var dice: SeededGenerator
    private var members: [FleetMember] = []
    private var weights: [Int]
    private var current: FleetAssignment?
    private let copies: Int
    private let hasCapacities: Bool
    private var lastName = 0
    /// No shard is much heavier than the others.
    private var isEven = false

    init(seed: UInt64, hasCapacities: Bool) {
        dice = SeededGenerator(seed: seed)
        self.hasCapacities = hasCapacities
        copies = 1 + Int(dice.next() % 3)
        weights = []
        isEven = draw(2) == 0
        let count = isEven ? 64 + draw(65) : 1 + draw(48)
        weights = (0..<count).map { _ in 0 }
        for shard in weights.indices { weights[shard] = drawnWeight() }
        for _ in 0...draw(8) { join() }
    }

    private mutating func draw(_ bound: Int) -> Int { Int(dice.next() % UInt64(bound)) }

    private mutating func drawnWeight() -> Int {
        switch draw(10) {
        case 0: 0
        case 1 where !isEven: 100 + draw(2_000)
        default: 1 + draw(100)
        }
    }

    private mutating func join() {
        lastName += 1
        var capacity: Int?
        if hasCapacities, draw(3) > 0 {
            capacity = 1 + weights.reduce(0, +) * copies * (40 + draw(120)) / 100 / (members.count + 1)
        }
        members.append(FleetMember(name: "rg-\(lastName)", capacity: capacity))
    }

    private enum Change { case join, leave, other }

    /// Makes one change, and checks what follows from it.
    mutating func change() {
        let before = members
        var change = Change.other
        switch draw(8) {
        case 0, 1, 2:
            change = .join
            join()
        case 3, 4:
            guard !members.isEmpty else { break }
            change = .leave
            members.remove(at: draw(members.count))
        case 5: for _ in 0..<min(members.count, 1 + draw(3)) { members.remove(at: draw(members.count)) }
        default: for _ in 0...draw(3) { weights[draw(weights.count)] = drawnWeight() }
        }
        check(change, before)
    }

    private func next(_ current: FleetAssignment?) -> (assignment: FleetAssignment, isOverloaded: Bool) {
        FleetAssignment.next(current, members: members, weights: weights, copies: copies)
    }

    private mutating func check(_ change: Change, _ before: [FleetMember]) {
        let (after, isOverloaded) = next(current)
        checkLists(after, isOverloaded)
        checkOrder(after)
        if let current {
            checkOwners(current, after)
            if !hasCapacities { checkMoves(change, before, current, after) }
        }
        checkBalance(after)
        // Owners are chosen among those that watch already, so a second call may change them, and a third one nothing.
        let second = next(after).assignment
        if second.shards.map({ $0.sorted() }) != after.shards.map({ $0.sorted() }) {
            broken.append("the same again moves shards: \(after.shards) \(second.shards)")
        }
        if next(second).assignment != second { broken.append("it does not come to rest") }
        current = second
    }

    private func load(_ name: String, _ assignment: FleetAssignment) -> Int {
        assignment.shards(of: name).reduce(0) { $0 + weights[$1] }
    }

    // MARK: Laws

    private mutating func checkLists(_ after: FleetAssignment, _ isOverloaded: Bool) {
        let names = Set(members.map(\.name))
        let wanted = min(copies, members.count)
        for (shard, list) in after.shards.enumerated() {
            if list.isEmpty, !names.isEmpty { broken.append("shard \(shard) is unwatched") }
            if Set(list).count != list.count || !names.isSuperset(of: list) || list.count > wanted {
                broken.append("shard \(shard): \(list)")
            }
        }
        let isShort = after.shards.contains { $0.count < wanted }
        let over = members.filter { load($0.name, after) > $0.capacity ?? .max }
        if (isShort || !over.isEmpty) != isOverloaded { broken.append("overloaded: \(isOverloaded)") }
        for member in over {
            for shard in after.shards(of: member.name) where weights[shard] > 0 {
                if after.shards[shard].count > 1 { broken.append("\(member.name) keeps a copy above its capacity") }
                if hasRoomElsewhere(shard, after) { broken.append("\(member.name) keeps \(shard), another has room") }
            }
        }
        for shard in after.shards.indices where after.shards[shard].count < wanted && hasRoomElsewhere(shard, after) {
            broken.append("shard \(shard) lacks a copy, and a member has room")
        }
    }

    private func hasRoomElsewhere(_ shard: Int, _ after: FleetAssignment) -> Bool {
        members.contains { one in
            !after.shards[shard].contains(one.name)
                && load(one.name, after) + weights[shard] <= one.capacity ?? .max
        }
    }

    private mutating func checkOrder(_ after: FleetAssignment) {
        let shuffled = members.shuffled(using: &dice)
        let same = FleetAssignment.next(current, members: shuffled, weights: weights, copies: copies).assignment
        if same != after { broken.append("the order of the members matters") }
    }

    private mutating func checkOwners(_ current: FleetAssignment, _ after: FleetAssignment) {
        for (shard, list) in after.shards.enumerated() {
            let known = list.filter(current.shards[shard].contains)
            if let owner = list.first, !known.isEmpty, !known.contains(owner) {
                broken.append("shard \(shard): \(owner) is new and owns it, \(known) know it")
            }
        }
    }

    /// What a member gets that it did not have.
    private func gains(_ current: FleetAssignment, _ after: FleetAssignment) -> [(shard: Int, member: String)] {
        after.shards.indices.flatMap { shard in
            after.shards[shard].filter { !current.shards[shard].contains($0) }.map { (shard, $0) }
        }
    }

    private mutating func checkMoves(
        _ change: Change, _ before: [FleetMember], _ current: FleetAssignment, _ after: FleetAssignment
    ) {
        guard !before.isEmpty, !members.isEmpty, min(copies, before.count) == min(copies, members.count) else { return }
        let gained = gains(current, after)
        let share = (weights.reduce(0, +) * min(copies, members.count) + members.count - 1) / members.count
        let heaviest = weights.max() ?? 0
        // Where shards are small against a share, nothing hinders the few moves that are needed.
        let isFine = heaviest * 10 <= share
        switch change {
        case .join:
            let name = members[members.count - 1].name
            let others = weight(of: gained.filter { $0.member != name })
            if others > (isFine ? 0 : share) { broken.append("a join moves \(others) between others, of \(share)") }
            let own = load(name, after)
            if own > share + (isFine ? 0 : heaviest) { broken.append("a join moves \(own) of \(share)") }
        case .leave:
            let gone = before.first { one in !members.contains { $0.name == one.name } }?.name ?? ""
            let (had, lost) = (current.shards(of: gone), load(gone, current))
            let others = weight(of: gained.filter { !had.contains($0.shard) })
            if others > (isFine ? lost / 4 : lost + heaviest) {
                broken.append("\(gone) had \(lost), and besides \(others) move")
            }
        case .other: break
        }
    }

    private func weight(of gained: [(shard: Int, member: String)]) -> Int {
        gained.reduce(0) { $0 + weights[$1.shard] }
    }

    /// A member above its share by more than the slack has no shard whose move to another one would help.
    private mutating func checkBalance(_ after: FleetAssignment) {
        guard !members.isEmpty, !hasCapacities else { return }
        let loads = members.map { load($0.name, after) }
        let average = (loads.reduce(0, +) + loads.count - 1) / loads.count
        let limit = (average * (100 + FleetAssignment.slackPercent) + 99) / 100
        for (index, member) in members.enumerated() where loads[index] > limit {
            for shard in after.shards(of: member.name) where weights[shard] > 0 {
                for (other, one) in members.enumerated() where !after.shards[shard].contains(one.name) {
                    guard loads[other] + weights[shard] < loads[index] else { continue }
                    broken.append("\(member.name) has \(loads[index]) of \(limit); \(shard) would help \(one.name)")
                }
            }
        }
    }
}
