/// The targets of a release in its places, of all of its sources together.
public struct MergedLists: Sendable, Equatable {
    /// By place, sorted by instance; each instance and each endpoint is in one of them at most.
    public private(set) var places: [[ListedTarget]]
    /// In no place, with the reason.
    public private(set) var leftOut: [ListedTarget] = []

    /// - Parameters:
    ///   - lists: of the sources, in the order of the configuration.
    ///   - fixed: by place, targets that the configuration lists.
    public init(_ lists: [SourceList], fixed: [[ListedTarget]]) {
        places = fixed.map { _ in [] }
        var merging = Merging()
        for target in fixed.joined() { merging.add(target) }
        for list in lists {
            merging.leftOut += list.leftOut
            for target in list.targets { merging.add(target) }
        }
        leftOut = merging.leftOut
        for (index, target) in merging.chosen.enumerated() {
            place(target, isOverlapping: merging.overlapping.contains(index))
        }
        for place in places.indices { places[place].sort { $0.instance < $1.instance } }
    }

    /// One target per endpoint, the first that is listed.
    private struct Merging {
        var chosen: [ListedTarget] = []
        var leftOut: [ListedTarget] = []
        /// Indices of chosen targets that another source lists for another place.
        var overlapping: Set<Int> = []
        private var indices: [AnyEndpoint: Int] = [:]

        mutating func add(_ target: ListedTarget) {
            let endpoint = AnyEndpoint(target)
            guard let index = indices[endpoint] else {
                indices[endpoint] = chosen.count
                chosen.append(target)
                return
            }
            if chosen[index].placement != target.placement { overlapping.insert(index) }
            var duplicate = target
            duplicate.placement = .leftOut(.duplicate, detail: "\(chosen[index].instance) is the same endpoint")
            leftOut.append(duplicate)
        }
    }

    private mutating func place(_ target: ListedTarget, isOverlapping: Bool) {
        guard let place = target.place else { return }
        if isOverlapping {
            var target = target
            target.placement = .leftOut(.overlap, detail: "several sources list it for different pools")
            return leftOut.append(target)
        }
        places[place].append(target)
    }

    /// An address may have one target only.
    private struct AnyEndpoint: Hashable {
        private let key: ListedTarget.Key

        init(_ target: ListedTarget) { key = ListedTarget.Key(endpoint: target.key.endpoint, uniqueID: nil) }
    }
}
