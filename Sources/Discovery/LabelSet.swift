/// Labels of a target: sorted by name, each name once, no value empty. As in Prometheus a label without a value is a label
/// that is absent.
public struct LabelSet: Sendable, Equatable {
    public struct Label: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In the order of the names' UTF-8 bytes.
    public private(set) var labels: [Label] = []

    public init() {}

    /// Of a name that comes several times the last value counts.
    public init(_ pairs: some Sequence<(String, String)>) {
        var values: [String: String] = [:]
        for (name, value) in pairs { values[name] = value }
        labels = values.filter { !$0.value.isEmpty }.map { Label($0.key, $0.value) }.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
    }

    public var isEmpty: Bool { labels.isEmpty }

    /// For documents.
    public var dictionary: [String: String] {
        Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    public func has(_ name: String) -> Bool { index(of: name).isFound }

    /// The label's value; empty for a label that is absent. Setting an empty value removes the label.
    public subscript(name: String) -> String {
        get {
            let (index, isFound) = index(of: name)
            return isFound ? labels[index].value : ""
        }
        set {
            let (index, isFound) = index(of: name)
            switch (isFound, newValue.isEmpty) {
            case (true, true): labels.remove(at: index)
            case (true, false): labels[index] = Label(name, newValue)
            case (false, true): break
            case (false, false): labels.insert(Label(name, newValue), at: index)
            }
        }
    }

    /// Keeps the labels for which the condition holds.
    public mutating func keep(where condition: (Label) -> Bool) { labels.removeAll { !condition($0) } }

    /// These labels, with the other's where this set has none of the name.
    public func over(_ other: LabelSet) -> LabelSet {
        if other.isEmpty { return self }
        var merged = other
        for label in labels { merged[label.name] = label.value }
        return merged
    }

    /// Where the name is, or where it belongs.
    private func index(of name: String) -> (index: Int, isFound: Bool) {
        var (low, high) = (0, labels.count)
        while low < high {
            let middle = (low + high) / 2
            if labels[middle].name.utf8.lexicographicallyPrecedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        return (low, low < labels.count && labels[low].name == name)
    }
}

extension LabelSet: ExpressibleByDictionaryLiteral {
    /// `["__address__": "10.0.0.1:9090"]`
    public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }
}

extension LabelSet: CustomStringConvertible {
    /// `{color="blue", version="v1.5.0"}`
    public var description: String {
        "{" + labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
    }
}
