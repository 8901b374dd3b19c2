import Discovery

/// Labels in the making, by Prometheus' conventions.
struct MetaLabels {
    private var pairs: [(String, String)] = []

    init(address: String? = nil) {
        if let address { pairs.append((DiscoveredTarget.addressLabel, address)) }
    }

    subscript(name: String) -> String? {
        get { pairs.last { $0.0 == name }?.1 }
        set { if let newValue { pairs.append((name, newValue)) } }
    }

    /// One label for each key, which is made a label name. Of two keys that become one name, the one that sorts last
    /// counts.
    ///
    /// - Parameter present: where it is given, a label of that prefix with the value `true` says that the key is there.
    mutating func add(_ values: [String: String]?, prefix: String, present: String? = nil) {
        for (key, value) in (values ?? [:]).sorted(by: { $0.key < $1.key }) {
            pairs.append((prefix + MetaLabels.name(key), value))
            if let present { pairs.append((present + MetaLabels.name(key), "true")) }
        }
    }

    var set: LabelSet { LabelSet(pairs) }

    /// Every character that a label name cannot have becomes `_`.
    static func name(_ key: String) -> String {
        var name = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": name.unicodeScalars.append(scalar)
            default: name += "_"
            }
        }
        return name
    }

    /// `,a,b,`: with the separator at both ends, so that an expression finds an element wherever it is.
    static func list(_ elements: [String]?) -> String { "," + (elements ?? []).joined(separator: ",") + "," }

    /// `10.0.0.1:9090`, `[::1]:9090`.
    static func hostPort(_ host: String, _ port: Int) -> String {
        host.contains(":") || host.contains("%") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
