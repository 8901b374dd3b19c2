import Model
import Yams

/// The two pools' entries in a list of `{name: …, weight: …}`, as Envoy and Traefik write them.
struct WeightedList {
    /// A weight and its place in the text.
    struct Entry {
        let name: String
        let weight: Int
        /// The weight as it is written.
        let written: String
        let mark: Mark
    }

    private(set) var entries: [Entry] = []
    /// All of them, also of entries that have no usable weight.
    private(set) var names: [String] = []
    /// Why it cannot be changed. A list of other clusters may have any form, so this is reported only when it matters.
    private(set) var flaw: Refusal?

    /// - Parameter place: for errors: `http.services.checkout.weighted.services`.
    init(_ node: Node, place: String) {
        guard case .sequence(let items) = node else {
            flaw = Refusal(.rejected, "\(place) is no list")
            return
        }
        for item in items {
            do throws(Refusal) {
                try add(item, place)
            } catch {
                flaw = flaw ?? error
            }
        }
    }

    private mutating func add(_ item: Node, _ place: String) throws(Refusal) {
        guard let name = item.mapping?["name"]?.scalar?.string else {
            throw Refusal(.rejected, "an entry of \(place) has no name")
        }
        let shown = ShownText.line(name, limit: 80)
        defer { names.append(name) }
        guard !names.contains(name) else { throw Refusal(.rejected, "\(place) has \(shown) twice") }
        guard let weight = item.mapping?["weight"]?.scalar, let mark = weight.mark else {
            throw Refusal(.rejected, "\(shown) in \(place) has no weight; write one, only its number is changed")
        }
        guard let number = Int(weight.string), number >= 0, weight.style == .plain || weight.style == .any else {
            let written = ShownText.line(weight.string, limit: 40)
            throw Refusal(
                .rejected, "the weight \(written) in \(place), line \(mark.line), is no whole number without quotes")
        }
        entries.append(Entry(name: name, weight: number, written: weight.string, mark: mark))
    }

    func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    func has(_ pools: PoolPair) -> Bool { entry(pools.baseline) != nil && entry(pools.canary) != nil }

    /// Whether it names one of the pools, with a weight or without.
    func concerns(_ pools: PoolPair) -> Bool { names.contains(pools.baseline) || names.contains(pools.canary) }

    /// The canary's share; what is in neither pool counts on the baseline's side.
    func share(_ pools: PoolPair) -> Int? {
        guard let canary = entry(pools.canary) else { return nil }
        let sum = entries.reduce(0.0) { $0 + Double($1.weight) }
        return Share.basisPoints(canary: Double(canary.weight), baseline: sum - Double(canary.weight))
    }
}
