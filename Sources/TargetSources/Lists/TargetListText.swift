import Discovery
import Foundation
import Support
import Yams

/// Why a list of targets cannot be used. One line, without the name of its file or URL.
struct TargetListError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = ForeignText.line(description, limit: 300) }
}

/// Prometheus' lists of targets: `[{"targets": ["10.0.0.1:9090"], "labels": {"version": "v1.5.0"}}]`, as JSON or as
/// YAML.
///
/// Fields that are not known are errors in YAML, where an operator may have misspelt them, and ignored in JSON, which
/// programs write. A text without anything in it is no list: a writer that truncates the file and then fills it is
/// seen in between. An empty list is written `[]`.
enum TargetListText {
    enum Format: Sendable {
        case json
        case yaml
    }

    /// - Parameters:
    ///   - source: names the groups: `targets/a.json:0` for the first one.
    ///   - labels: of every group, where it has none of the name.
    static func parse(
        _ bytes: [UInt8], as format: Format, source: String, labels: LabelSet = LabelSet()
    ) throws(TargetListError) -> [TargetGroup] {
        guard bytes.contains(where: { !isBlank($0) }) else {
            throw TargetListError("it is empty; a list without targets is written []")
        }
        let written = format == .json ? try json(bytes) : try yaml(bytes)
        let groups = written.enumerated().map { index, group in
            TargetGroup(
                source: "\(source):\(index)", labels: LabelSet(group.labels.map { ($0, $1) }).over(labels),
                targets: group.targets.map { DiscoveredTarget(address: $0) })
        }
        if let reason = SourceLimits.reasonToRefuse(groups) { throw TargetListError(reason) }
        return groups
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}

/// One group as it is written.
private struct WrittenGroup: Decodable {
    var targets: [String]
    var labels: [String: String]

    enum CodingKeys: CodingKey { case targets, labels }

    init(targets: [String] = [], labels: [String: String] = [:]) {
        self.targets = targets
        self.labels = labels
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        targets = try fields.decodeIfPresent([String].self, forKey: .targets) ?? []
        labels = try fields.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
    }
}

extension TargetListText {
    private static func json(_ bytes: [UInt8]) throws(TargetListError) -> [WrittenGroup] {
        do { return try JSONDecoder().decode([WrittenGroup].self, from: Data(bytes)) } catch {
            throw TargetListError("it is no JSON list of {\"targets\": […], \"labels\": {…}}: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context):
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
            return "at \(path.isEmpty ? "the top" : path.joined(separator: ".")): \(context.debugDescription)"
        case .dataCorrupted(let context): return context.debugDescription
        @unknown default: return "\(error)"
        }
    }
}

extension TargetListText {
    private static func yaml(_ bytes: [UInt8]) throws(TargetListError) -> [WrittenGroup] {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw TargetListError("it is no UTF-8") }
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
            root = try parser.singleRoot()
        } catch { throw TargetListError("it is no YAML: \(error)") }
        // Nodes know their anchors weakly; the parser holds them.
        defer { withExtendedLifetime(parser) {} }
        guard let root else { throw TargetListError("it is empty; a list without targets is written []") }
        guard case .sequence(let entries) = root else { throw TargetListError("it is no list of groups") }
        var groups: [WrittenGroup] = []
        var count = 0
        for entry in entries {
            let group = try group(entry)
            // Aliases may name a long list many times.
            count += group.targets.count
            guard count <= SourceLimits.targets, groups.count < SourceLimits.targets else {
                throw TargetListError("it lists more than \(SourceLimits.targets) targets")
            }
            groups.append(group)
        }
        return groups
    }

    private static func group(_ node: Node) throws(TargetListError) -> WrittenGroup {
        guard case .mapping(let members) = node else {
            throw TargetListError("\(place(node))a group is a mapping with 'targets' and 'labels'")
        }
        var group = WrittenGroup()
        for (name, value) in members {
            switch (name.scalar?.string, value) {
            case ("targets", .sequence(let entries)):
                for entry in entries { group.targets.append(try text(entry, "a target")) }
            case ("labels", .mapping(let pairs)):
                for (label, value) in pairs {
                    group.labels[try text(label, "the name of a label")] = try text(value, "the value of a label")
                }
            case ("targets", _): throw TargetListError("\(place(value))'targets' is a list of addresses")
            case ("labels", _): throw TargetListError("\(place(value))'labels' is a mapping of texts")
            case (let name, _):
                throw TargetListError(
                    "\(place(value))a group has 'targets' and 'labels', and no '\(name ?? "mapping")'")
            }
        }
        return group
    }

    private static func text(_ node: Node, _ what: String) throws(TargetListError) -> String {
        guard let text = node.scalar?.string else { throw TargetListError("\(place(node))\(what) is a text") }
        return text
    }

    private static func place(_ node: Node) -> String { node.mark.map { "line \($0.line): " } ?? "" }
}
