import ReleaseKernel
import Yams

/// The two pools' entries in a list of `{name: …, weight: …}`, as Envoy and Traefik write them.
struct WeightedList {
    /// A weight and where it stands in the text.
    struct Entry {
        let name: String
        let weight: Int
        /// The weight as it is written.
        let written: String
        let mark: Mark
    }

    let entries: [Entry]

    /// - Parameter place: for errors: `http.services.checkout.weighted.services`.
    init(_ node: Node, place: String) throws(Refusal) {
        guard case .sequence(let items) = node else { throw Refusal(.rejected, "\(place) is no list") }
        var entries: [Entry] = []
        for item in items {
            guard let name = item.mapping?["name"]?.scalar?.string else {
                throw Refusal(.rejected, "an entry of \(place) has no name")
            }
            guard !entries.contains(where: { $0.name == name }) else {
                throw Refusal(.rejected, "\(place) has \(ShownText.line(name, limit: 80)) twice")
            }
            guard let weight = item.mapping?["weight"]?.scalar, let mark = weight.mark else {
                let shown = ShownText.line(name, limit: 80)
                throw Refusal(.rejected, "\(shown) in \(place) has no weight; write one, only its number is changed")
            }
            guard let number = Int(weight.string), number >= 0, weight.style == .plain || weight.style == .any else {
                throw Refusal(
                    .rejected,
                    "the weight \(ShownText.line(weight.string, limit: 40)) in \(place), line \(mark.line), "
                        + "is no whole number without quotes")
            }
            entries.append(Entry(name: name, weight: number, written: weight.string, mark: mark))
        }
        self.entries = entries
    }

    func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    func has(_ pools: PoolPair) -> Bool { entry(pools.baseline) != nil && entry(pools.canary) != nil }

    /// The canary's share; what is in neither pool counts on the baseline's side.
    func share(_ pools: PoolPair) -> Int? {
        guard let canary = entry(pools.canary) else { return nil }
        let sum = entries.reduce(0.0) { $0 + Double($1.weight) }
        return Share.basisPoints(canary: Double(canary.weight), baseline: sum - Double(canary.weight))
    }
}
