package import Declarations
package import Model
import Support

/// One value of the configuration in force, with its origin.
package struct EffectiveValue: Sendable, Equatable {
    /// `releases[checkout].scrape.interval`
    package let path: String
    /// On one line; credentials in URLs are masked.
    package let value: String
    package let origin: ValueOrigin
}

extension Rulebook {
    /// Every value of the configuration in force, in the order of ``effectiveYAML(of:kinds:)``.
    package static func effectiveValues(
        of plan: Plan, kinds: ConfigurationKinds, sources: WrittenValues
    ) -> [EffectiveValue] {
        lines(of: plan, kinds: kinds, sources: sources).compactMap(\.value)
    }

    /// The configuration in force as YAML, with the origin of each value behind it; credentials in URLs are masked.
    package static func effectiveYAML(
        of plan: Plan, kinds: ConfigurationKinds, sources: WrittenValues
    ) -> String {
        lines(of: plan, kinds: kinds, sources: sources).map { line in
            line.text + (line.value.map { "  # \($0.origin.text)" } ?? "")
        }.joined(separator: "\n") + "\n"
    }

    private static func lines(
        of plan: Plan, kinds: ConfigurationKinds, sources: WrittenValues
    ) -> [(text: String, value: EffectiveValue?)] {
        let tree = tree(of: plan, kinds: kinds).mapTexts { $0.contains("://") ? Redaction.url($0) : $0 }
        let finder = OriginFinder(sources: sources, ruleFiles: ruleFiles(of: plan), tree: tree)
        return tree.lines().map { line in
            guard let path = line.path, let value = line.value else { return (line.text, nil) }
            let shown = EffectiveValue(path: tree.name(of: path), value: value.shown, origin: finder.origin(of: path))
            return (line.text, shown)
        }
    }

    private static func ruleFiles(of plan: Plan) -> [String: [String: String]] {
        var files: [String: [String: String]] = [:]
        for release in plan.releases {
            for rule in release.rules {
                guard let source = rule.source else { continue }
                files[release.name, default: [:]][rule.name] = source.file
            }
        }
        return files
    }
}

extension YAMLTree {
    /// `releases[checkout].scrape.interval`; entries without a name go by their number, from 0.
    fileprivate func name(of path: [Step]) -> String {
        var text = ""
        var node = self
        for step in path {
            switch (step, node) {
            case (.name(let name), _):
                text += (text.isEmpty ? "" : ".") + name
                node = node.member(name) ?? node
            case (.entry(let index), .list(let items)) where items.indices.contains(index):
                node = items[index]
                text += "[\(node.member("name")?.single ?? node.member("alert")?.single ?? String(index))]"
            case (.entry(let index), _): text += "[\(index)]"
            }
        }
        return text
    }
}
