import Model

/// What the instances of a router show together.
extension [RouterObservation] {
    /// The largest share of all instances, because one instance that sends traffic is enough. A share of 0 is known
    /// only when every instance was read: the share of an instance that cannot be read is unknown, not 0.
    ///
    /// - Returns: basis points, or nil when the share is not known.
    var canaryShare: Int? {
        let largest = compactMap(\.canaryBasisPoints).max()
        let isEveryOneRead = allSatisfy { $0.canaryBasisPoints != nil }
        return largest == 0 && !isEveryOneRead ? nil : largest
    }

    /// Every instance can be read and shows that the canary gets everything.
    var showEverything: Bool { !isEmpty && allSatisfy { $0.canaryBasisPoints == 10_000 } }

    /// Whether the instances that give the canary traffic say that the baseline has no healthy server to take it over.
    ///
    /// An instance without canary traffic is not asked: nothing of its traffic will move. An instance whose share is not known
    /// is asked. Where no instance gives the canary anything, all of them have to agree.
    var sayBaselineIsAway: Bool {
        let carrying = filter { $0.canaryBasisPoints != 0 }
        guard carrying.isEmpty else { return carrying.contains { $0.baselineHealthy == false } }
        return !isEmpty && allSatisfy { $0.baselineHealthy == false }
    }

    /// Why a change could not be made now, instance by instance; nil when nothing speaks against it. An instance whose
    /// driver has no read-back (level `none`) is usable, although the driver's remark says that it has none.
    var problem: String? {
        if isEmpty { return "no instance of it was polled" }
        let unusable = filter { one in
            let isUnreadable = one.canaryBasisPoints == nil && one.level != .none
            return isUnreadable || one.isWritable == false
        }
        guard !unusable.isEmpty else { return nil }
        return unusable.map { "\($0.instance): \($0.problem ?? "no share is reported")" }.joined(separator: "; ")
    }

    /// Why the share is not known, for the explanation of a release.
    var unknownShareText: String {
        let unread = filter { $0.canaryBasisPoints == nil }
        let names = unread.prefix(3).map { "\($0.instance): \($0.problem ?? "no share is reported")" }
        let rest = unread.count > 3 ? "; and \(unread.count - 3) more" : ""
        return "the canary's share is not known (\(names.joined(separator: "; "))\(rest))"
    }
}
