import Declarations
import Model

/// `places` and `start`: where versions run, and which one is where before the first rollout. The first place is the
/// baseline until the roles turn.
struct PlacesReader {
    let pools: PoolsReader

    /// Exactly two names with what is scraped there.
    func read(_ field: Field) -> PoolsReader.Pair? {
        guard let places = field.pairs() else { return nil }
        guard places.count == 2 else {
            field.fail(
                "'places' needs two places, such as blue and green, and has \(places.count): a new version is deployed to the "
                    + "one that is free")
            return nil
        }
        var pair = PoolsReader.Pair(places: places.map(\.name))
        var isUsable = true
        for (index, (name, namePlace, place)) in places.enumerated() {
            guard NameRules.isIdentifier(name) else {
                field.log.error(
                    namePlace,
                    "\(Quote.value(name)) cannot name a place; use up to 63 letters, digits, '-', '_' and '.', beginning "
                        + "with a letter or digit")
                isUsable = false
                continue
            }
            guard let draft = pools.place(name).read(place) else {
                isUsable = false
                continue
            }
            if index == 0 { pair.baseline = draft } else { pair.canary = draft }
        }
        guard isUsable else { return nil }
        pools.refuseOverlap(pair)
        return pair
    }

    /// `start` puts the versions into the places.
    ///
    /// - Parameters:
    ///   - isLed: the release has `steps`, so that a place may be without a version.
    ///   - allowsMutable: `versions.mutable`.
    /// - Returns: whether it can be used.
    func start(_ field: Field, into pair: inout PoolsReader.Pair, isLed: Bool, allowsMutable: Bool) -> Bool {
        guard let entries = field.pairs(), let places = pair.places else { return false }
        var isUsable = true
        for (name, namePlace, value) in entries {
            guard places.contains(name) else {
                field.log.error(
                    namePlace,
                    "'places' has no \(Quote.value(name))" + suggestion(for: name, places))
                isUsable = false
                continue
            }
            guard let version = version(value, allowsMutable: allowsMutable || !isLed) else {
                isUsable = false
                continue
            }
            let path = name == places[0] ? \PoolsReader.Pair.baseline : \.canary
            pair[keyPath: path].plan.version = version
            pair[keyPath: path].versionField = value
        }
        guard isUsable else { return false }
        return check(field, pair, isLed: isLed)
    }

    private func suggestion(for name: String, _ places: [String]) -> String {
        let nearest = Quote.suggestion(for: name, among: places)
        return nearest.isEmpty ? "; it has \(Quote.choices(places).replacing(" or ", with: " and "))" : nearest
    }

    private func version(_ field: Field, allowsMutable: Bool) -> String? {
        guard let version = field.line(limit: 200) else { return nil }
        guard version != ReleasePlan.noVersion else {
            field.fail("a place without a version is left out of 'start'")
            return nil
        }
        guard allowsMutable || !VersionIdentity(version).isMutable else {
            field.fail(
                "\(Quote.value(version)) means another build tomorrow; name the version itself, or write 'versions: "
                    + "{mutable: true}'")
            return nil
        }
        return version
    }

    private func check(_ field: Field, _ pair: PoolsReader.Pair, isLed: Bool) -> Bool {
        let none = ReleasePlan.noVersion
        let pools = [(Pool.baseline, pair.baseline), (.canary, pair.canary)]
        for (pool, draft) in pools where draft.plan.version != none && draft.hasNoTargets {
            draft.versionField?.fail(
                "\(pair.name(pool)) has version \(Quote.value(draft.plan.version)) and no targets; list what is scraped there"
            )
        }
        if pools.allSatisfy({ $0.1.plan.version == none }) {
            field.fail("'start' names no version; which place serves which version before the first rollout?")
        } else if pair.baseline.plan.version == none, !isLed {
            field.fail(
                "\(pair.name(.baseline)) is the baseline and has no version in 'start'; without 'steps' the first of 'places' "
                    + "has the old version")
        }
        if pools.allSatisfy({ $0.1.plan.version != none }) { self.pools.checkVersions(pair) }
        return true
    }
}
