import Declarations

/// Where a value of the configuration in force comes from.
package enum ValueOrigin: Sendable, Equatable {
    /// `rollguard.yaml:12`, or a key of the centre with its revision.
    ///
    /// - variable: the environment variable that has the value itself.
    case file(path: String, line: Int, revision: String?, variable: String?)
    /// A preset that is named there.
    case preset(path: String, line: Int)
    /// In no file.
    case byDefault

    /// `rollguard.yaml:12`, `etcd:/rollguard/v1/releases/checkout.yaml:3 at revision 42`, `default`.
    package var text: String {
        switch self {
        case .file(let path, let line, let revision, let variable):
            "\(path):\(line)" + (revision.map { " at revision \($0)" } ?? "")
                + (variable.map { ", environment variable \($0)" } ?? "")
        case .preset(let path, let line): "preset of \(path):\(line)"
        case .byDefault: "default"
        }
    }
}

/// Finds where the values of an effective configuration are written: it goes down the effective values and the written
/// ones together.
struct OriginFinder {
    /// What the files have at one place of the effective configuration.
    private enum Written {
        case value(YAMLValue)
        /// A value that holds everything below in another form.
        case whole(YAMLValue)
        case nothing(preset: YAMLValue?)
    }

    let sources: WrittenValues
    /// Files of rules by `RELEASE` and rule.
    let ruleFiles: [String: [String: String]]
    let tree: YAMLTree

    func origin(of path: [YAMLTree.Step]) -> ValueOrigin {
        guard let root = sources.root else { return .byDefault }
        var written = Written.value(root)
        var node = tree
        var release: String?
        for (index, step) in path.enumerated() {
            guard let next = node.part(step) else { break }
            let list = index > 0 ? path[index - 1] : nil
            if list == .name("releases"), index == 1 { release = next.member("name")?.single }
            written = named(next, list, isTop: index == 1, release) ?? below(written, step, node)
            node = next
        }
        return origin(written, variable: variable(path.last, node))
    }

    /// What has a name, wherever it is written.
    private func named(
        _ node: YAMLTree, _ list: YAMLTree.Step?, isTop: Bool, _ release: String?
    ) -> Written? {
        guard case .name(let name)? = list else { return nil }
        switch name {
        case "releases" where isTop:
            return node.member("name")?.single.flatMap(sources.release).map(Written.value)
        case "receivers" where isTop:
            return node.member("name")?.single.flatMap(sources.receiver).map(Written.value)
        case "rules":
            guard let alert = node.member("alert")?.single else { return nil }
            return sources.rule(alert, in: release.flatMap { ruleFiles[$0]?[alert] }).map(Written.value)
        default: return nil
        }
    }

    private func below(_ written: Written, _ step: YAMLTree.Step, _ node: YAMLTree) -> Written {
        guard case .value(let value) = written else { return written }
        switch (step, value.content) {
        case (.name(let name), .mapping(let members)):
            if let member = members.first(where: { $0.name == name }) { return .value(member.value) }
            return .nothing(preset: value.member("preset")?.value)
        case (.entry(let index), .list(let values)):
            guard case .list(let items) = node, items.count == values.count else { return .whole(value) }
            return .value(values[index])
        default: return .whole(value)
        }
    }

    private func origin(_ written: Written, variable: String?) -> ValueOrigin {
        switch written {
        case .value(let value), .whole(let value):
            let path = value.place.file.path
            return .file(
                path: path, line: value.place.line, revision: sources.revision(of: path), variable: variable)
        case .nothing(let preset):
            return preset.map { .preset(path: $0.place.file.path, line: $0.place.line) } ?? .byDefault
        }
    }

    /// The value of `token_env` is the name of the variable.
    private func variable(_ step: YAMLTree.Step?, _ node: YAMLTree) -> String? {
        guard case .name(let name)? = step, name.hasSuffix("_env") else { return nil }
        return node.single
    }
}

extension YAMLTree {
    fileprivate func part(_ step: Step) -> YAMLTree? {
        switch (step, self) {
        case (.name(let name), .mapping): return member(name)
        case (.entry(let index), .list(let items)): return items.indices.contains(index) ? items[index] : nil
        default: return nil
        }
    }
}
