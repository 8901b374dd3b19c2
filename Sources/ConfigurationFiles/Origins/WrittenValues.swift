import Declarations
import Model

/// The values of the files that a configuration was read from, with their places.
package struct WrittenValues: Sendable {
    private let configuration: String
    /// In the order in which the files were read: those of the host first, which win.
    private var paths: [String]
    private var roots: [String: YAMLValue]
    private var centre: (label: String, revision: String)?

    init(configuration: String, paths: [String], roots: [String: YAMLValue]) {
        (self.configuration, self.paths, self.roots) = (configuration, paths, roots)
    }

    mutating func add(_ state: CentreState, paths: [String], roots: [String: YAMLValue]) {
        self.paths += paths.filter { !self.paths.contains($0) }
        self.roots.merge(roots) { first, _ in first }
        centre = (state.label, state.revision)
    }

    /// The configuration file's own values.
    var root: YAMLValue? { roots[configuration] }

    /// The centre's revision, for a file of it; nil for files of the host.
    func revision(of path: String) -> String? { centre.flatMap { path.hasPrefix($0.label) ? $0.revision : nil } }

    /// The release, or the unit of releases, of that name.
    func release(_ name: String) -> YAMLValue? {
        first { root in
            let listed = root.member("releases")?.value.entries ?? []
            return listed + [root] + root.entries
        } where: { value in
            value.text(of: "name") == name && ["pools", "places", "parts"].contains { value.member($0) != nil }
        }
    }

    /// The receiver of that name.
    func receiver(_ name: String) -> YAMLValue? {
        first { root in
            let listed = root.member("receivers")?.value.entries ?? []
            return listed + [root] + root.entries
        } where: {
            $0.text(of: "name") == name && $0.member("kind") != nil && $0.member("pools") == nil
        }
    }

    /// The rule of that name in a file; in any file when it is not known in which.
    func rule(_ name: String, in file: String?) -> YAMLValue? {
        let searched = file.map { [$0] } ?? paths
        return searched.lazy.compactMap { roots[$0] }.compactMap { $0.part(named: name, by: "alert", depth: 8) }.first
    }

    private func first(
        of parts: (YAMLValue) -> [YAMLValue], where fits: (YAMLValue) -> Bool
    ) -> YAMLValue? {
        for path in paths {
            if let found = roots[path].map(parts)?.first(where: fits) { return found }
        }
        return nil
    }
}

extension YAMLValue {
    /// The text of a member; nil for other values.
    func text(of name: String) -> String? {
        guard case .text(let text, _)? = member(name)?.value.content else { return nil }
        return text
    }

    /// The first mapping inside, or this one, whose member has that text.
    fileprivate func part(named text: String, by name: String, depth: Int) -> YAMLValue? {
        if self.text(of: name) == text { return self }
        guard depth > 0 else { return nil }
        switch content {
        case .mapping(let members):
            return members.lazy.compactMap { $0.value.part(named: text, by: name, depth: depth - 1) }.first
        case .list(let values):
            return values.lazy.compactMap { $0.part(named: text, by: name, depth: depth - 1) }.first
        case .text, .unusable: return nil
        }
    }
}
