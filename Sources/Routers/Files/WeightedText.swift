import Model
import Yams

/// A YAML or JSON text in which single weights are changed. Everything else stays as it was written: comments, order,
/// quotes, line ends. So the file stays its owner's, and no name is ever written by us.
struct WeightedText {
    /// The places of the lists of weights.
    enum Place: Sendable, Equatable {
        /// Envoy: every `weighted_clusters.clusters`, at any depth.
        case weightedClusters
        /// Traefik: `http.services.NAME.weighted.services`.
        case weightedService(String)
    }

    let text: String
    let place: Place
    /// In the order of the text.
    let lists: [WeightedList]
    private let scalars: [String]

    static let limitBytes = 4 << 20

    /// - Throws: ``Refusal`` that says what is wrong with the text, with the line where there is one.
    init(_ text: String, place: Place) throws(Refusal) {
        let root = try WeightedText.compose(text)
        self.text = text
        self.place = place
        scalars = WeightedText.scalars(of: root)
        switch place {
        case .weightedClusters: lists = try WeightedText.clusters(root, depth: 0)
        case .weightedService(let name): lists = [try WeightedText.service(name, root)]
        }
    }

    /// The lists in which both pools are.
    func lists(of pools: PoolPair) throws(Refusal) -> [WeightedList] {
        if let flaw = lists.first(where: { $0.concerns(pools) && $0.flaw != nil })?.flaw { throw flaw }
        let found = lists.filter { $0.has(pools) }
        guard found.isEmpty else { return found }
        if let flaw = lists.compactMap(\.flaw).first { throw flaw }
        let names = Array(Set(lists.flatMap(\.names))).sorted().prefix(20)
        let shown = names.isEmpty ? "there is none" : "there are \(names.joined(separator: ", "))"
        throw Refusal(
            .rejected,
            "\(what) has no list with both \(pools.baseline) and \(pools.canary); \(ShownText.line(shown, limit: 300))")
    }

    /// The canary's largest share in any of the lists.
    func share(_ pools: PoolPair) throws(Refusal) -> Int {
        let shares = try lists(of: pools).map { $0.share(pools) }
        guard let share = shares.compactMap({ $0 }).max(), !shares.contains(nil) else {
            throw Refusal(.rejected, "all weights in \(what) are 0, which is no split")
        }
        return share
    }

    /// The text with other weights, in every list that has both pools.
    func setting(_ weights: WeightPair, _ pools: PoolPair) throws(Refusal) -> String {
        var changes: [(WeightedList.Entry, Int)] = []
        for list in try lists(of: pools) {
            if let entry = list.entry(pools.baseline) { changes.append((entry, weights.baseline)) }
            if let entry = list.entry(pools.canary) { changes.append((entry, weights.canary)) }
        }
        let changed = try replacing(changes)
        // A mark that points elsewhere must not become a broken route table.
        let again = try WeightedText(changed, place: place)
        let isSame = again.scalars.count == scalars.count && again.lists.count == lists.count
        let differences = zip(again.scalars, scalars).filter { $0 != $1 }.count
        let expected = changes.filter { $0.0.written != String($0.1) }.count
        let isRight = try again.lists(of: pools).allSatisfy {
            $0.entry(pools.baseline)?.weight == weights.baseline && $0.entry(pools.canary)?.weight == weights.canary
        }
        guard isSame, differences <= expected, isRight else { throw inPlace }
        return changed
    }

    /// Aliases, anchors, tags: their numbers are elsewhere.
    private var inPlace: Refusal {
        Refusal(.rejected, "the weights in \(what) cannot be changed in place; write each as a plain number")
    }

    private var what: String {
        switch place {
        case .weightedClusters: "weighted_clusters"
        case .weightedService(let name): "http.services.\(ShownText.line(name, limit: 80)).weighted.services"
        }
    }

    private func replacing(_ changes: [(WeightedList.Entry, Int)]) throws(Refusal) -> String {
        var characters = Array(text.unicodeScalars)
        let starts = WeightedText.lineStarts(characters)
        // From the end, so that the places before stay where they are.
        let ordered = changes.sorted { ($0.0.mark.line, $0.0.mark.column) > ($1.0.mark.line, $1.0.mark.column) }
        for (entry, weight) in ordered {
            let old = Array(entry.written.unicodeScalars)
            let start = starts[min(entry.mark.line, starts.count) - 1] + entry.mark.column - 1
            guard start + old.count <= characters.count, characters[start..<(start + old.count)].elementsEqual(old)
            else { throw inPlace }
            characters.replaceSubrange(start..<(start + old.count), with: String(weight).unicodeScalars)
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: characters)
        return String(view)
    }

    /// Line breaks as YAML 1.1 has them; `\r\n` is one.
    private static func lineStarts(_ characters: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in characters.enumerated() {
            let isBreak = ["\n", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
            let isLoneReturn = scalar == "\r" && (index + 1 == characters.count || characters[index + 1] != "\n")
            if isBreak || isLoneReturn { starts.append(index + 1) }
        }
        return starts
    }
}

// MARK: Finding the lists

extension WeightedText {
    private static let depthLimit = 60

    private static func compose(_ text: String) throws(Refusal) -> Node {
        guard text.utf8.count <= limitBytes else {
            throw Refusal(.rejected, "the file is larger than \(limitBytes) bytes")
        }
        do {
            guard let root = try Yams.compose(yaml: text) else { throw Refusal(.rejected, "the file is empty") }
            return root
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.rejected, "the file is not valid YAML: \(ShownText.line("\(error)", limit: 200))")
        }
    }

    /// All texts and numbers, in order: what must not change but for the weights.
    private static func scalars(of node: Node) -> [String] {
        switch node {
        case .scalar(let scalar): [scalar.string]
        case .mapping(let mapping): mapping.flatMap { scalars(of: $0.key) + scalars(of: $0.value) }
        case .sequence(let sequence): sequence.flatMap { scalars(of: $0) }
        case .alias: []
        }
    }

    private static func clusters(_ node: Node, depth: Int) throws(Refusal) -> [WeightedList] {
        guard depth < depthLimit else { throw Refusal(.rejected, "the file is nested deeper than \(depthLimit)") }
        var found: [WeightedList] = []
        switch node {
        case .scalar, .alias: break
        case .sequence(let items):
            for item in items { found += try clusters(item, depth: depth + 1) }
        case .mapping(let members):
            for (key, value) in members {
                let name = key.scalar?.string
                let list = name == "weighted_clusters" || name == "weightedClusters" ? value.mapping?["clusters"] : nil
                if let list {
                    found.append(WeightedList(list, place: "weighted_clusters.clusters"))
                } else {
                    found += try clusters(value, depth: depth + 1)
                }
            }
        }
        return found
    }

    private static func service(_ name: String, _ root: Node) throws(Refusal) -> WeightedList {
        let services = root.mapping?["http"]?.mapping?["services"]?.mapping
        let shown = ShownText.line(name, limit: 80)
        guard let service = services?[Node(name)] else {
            let names = (services?.keys.compactMap { $0.scalar?.string } ?? []).prefix(20).joined(separator: ", ")
            throw Refusal(
                .rejected,
                "the file has no http.services.\(shown)"
                    + (names.isEmpty ? "" : "; there are \(ShownText.line(names, limit: 300))"))
        }
        guard let list = service.mapping?["weighted"]?.mapping?["services"] else {
            throw Refusal(.rejected, "http.services.\(shown) is no weighted service")
        }
        return WeightedList(list, place: "http.services.\(shown).weighted.services")
    }
}
