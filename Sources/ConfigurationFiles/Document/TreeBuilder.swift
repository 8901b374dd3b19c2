import Declarations
import Yams

/// Turns the parser's nodes into values: resolves aliases within a budget, refuses what configurations have no use for.
struct TreeBuilder {
    static let depthLimit = 64
    static let valueLimit = 100_000

    private struct Anchored {
        let value: YAMLValue
        /// Values in it, itself included.
        let count: Int
        /// Levels below it.
        let height: Int
    }

    private let source: ComposableText
    private let file: SourceFile
    private let log: DiagnosticLog
    private var anchors: [String: Anchored] = [:]
    private var open: Set<String> = []
    private var count = 0
    private var hasGivenUp = false

    init(source: ComposableText, file: SourceFile, log: DiagnosticLog) {
        self.source = source
        self.file = file
        self.log = log
    }

    /// Nil when the tree is too large or too deep to be read; smaller errors leave an unusable value.
    mutating func root(_ node: Node) -> YAMLValue? {
        let built = build(node, depth: 1)
        return hasGivenUp ? nil : built?.value
    }

    private mutating func build(_ node: Node, depth: Int) -> Anchored? {
        if hasGivenUp { return nil }
        let place = place(node.mark)
        count += 1
        guard depth <= TreeBuilder.depthLimit else {
            return giveUp(place, "nested deeper than \(TreeBuilder.depthLimit) levels")
        }
        guard count <= TreeBuilder.valueLimit else {
            return giveUp(place, "the file has more than \(TreeBuilder.valueLimit) values")
        }
        refuseTag(node, place)
        let anchor = node.anchor?.rawValue
        if let anchor { open.insert(anchor) }
        let built = content(node, place, depth: depth)
        if let anchor {
            open.remove(anchor)
            if let built { anchors[anchor] = built }
        }
        return built
    }

    private mutating func content(_ node: Node, _ place: Place, depth: Int) -> Anchored? {
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, place, depth: depth)
        case .sequence(let sequence):
            let items = sequence.compactMap { build($0, depth: depth + 1) }
            return joined(items, .list(items.map(\.value)), place)
        case .mapping(let mapping): return self.mapping(mapping, place, depth: depth)
        case .alias: return giveUp(place, "unexpected alias")
        }
    }

    private func joined(_ items: [Anchored], _ content: YAMLValue.Content, _ place: Place) -> Anchored {
        Anchored(
            value: YAMLValue(content: content, place: place), count: items.reduce(1) { $0 + $1.count },
            height: items.reduce(0) { max($0, $1.height + 1) })
    }

    private mutating func scalar(_ scalar: Node.Scalar, _ place: Place, depth: Int) -> Anchored? {
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, let name = source.aliasName(scalar.string) { return alias(name, place, depth: depth) }
        let style: YAMLValue.Style =
            switch scalar.style {
            case .any, .plain: "\(scalar.tag)".hasSuffix(":str") ? .singleQuoted : .plain
            case .singleQuoted: .singleQuoted
            case .doubleQuoted: .doubleQuoted
            case .literal, .folded: .block
            }
        return joined([], .text(source.original(scalar.string), style), place)
    }

    private mutating func alias(_ name: String, _ place: Place, depth: Int) -> Anchored? {
        if open.contains(name) {
            log.error(place, "the alias \(Quote.value("*" + name)) is used inside its own anchor")
            return joined([], .unusable, place)
        }
        guard let anchored = anchors[name] else {
            let hint = anchors.count > 100 ? "" : Quote.suggestion(for: name, among: anchors.keys.sorted())
            log.error(
                place,
                "unknown alias \(Quote.value("*" + name))\(hint); a text that begins with '*' has to be in quotes")
            return joined([], .unusable, place)
        }
        count += anchored.count
        guard count <= TreeBuilder.valueLimit else {
            return giveUp(place, "aliases expand to more than \(TreeBuilder.valueLimit) values")
        }
        guard depth + anchored.height <= TreeBuilder.depthLimit else {
            return giveUp(place, "aliases are nested deeper than \(TreeBuilder.depthLimit) levels")
        }
        return anchored
    }

    private mutating func mapping(_ mapping: Node.Mapping, _ place: Place, depth: Int) -> Anchored? {
        var members: [YAMLValue.Member] = []
        var lines: [String: Int] = [:]
        var items: [Anchored] = []
        var isUnusable = false
        for (key, node) in mapping {
            let name = name(key)
            let built = build(node, depth: depth + 1)
            guard let name else {
                isUnusable = true
                continue
            }
            let namePlace = self.place(key.mark)
            if let first = lines[name] {
                log.error(namePlace, "\(Quote.value(name)) is given twice; the first is in line \(first)")
                continue
            }
            lines[name] = namePlace.line
            guard let built else { continue }
            items.append(built)
            members.append(YAMLValue.Member(name: name, namePlace: namePlace, value: built.value))
        }
        return joined(items, isUnusable ? .unusable : .mapping(members), place)
    }

    /// A field's name, or nil after an error has been reported.
    private func name(_ key: Node) -> String? {
        let place = place(key.mark)
        guard case .scalar(let scalar) = key, let mark = scalar.mark else {
            log.error(
                place, "a list or a mapping cannot be a name; a text that begins with '{' or '[' has to be in quotes")
            return nil
        }
        let name = source.originalKey(scalar.string, mark)
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, source.aliasName(scalar.string) != nil {
            log.error(place, "an alias cannot be a name")
            return nil
        }
        if isPlain, name == "<<" {
            log.error(place, "merge keys ('<<') are not supported; write the fields out, or alias a whole value")
            return nil
        }
        return name
    }

    private func refuseTag(_ node: Node, _ place: Place) {
        let tag =
            switch node {
            case .scalar(let scalar): "\(scalar.tag)"
            case .sequence(let sequence): "\(sequence.tag)"
            case .mapping(let mapping): "\(mapping.tag)"
            case .alias: ""
            }
        let standard = "tag:yaml.org,2002:"
        guard !tag.isEmpty, tag != "!" else { return }
        if tag.hasPrefix(standard),
            ["str", "int", "float", "bool", "null", "map", "seq"].contains(tag.dropFirst(standard.count))
        {
            return
        }
        log.error(place, "the YAML tag \(Quote.value(tag)) is not supported; remove it")
    }

    private func place(_ mark: Mark?) -> Place {
        mark.map { Place(file: file, line: $0.line, column: $0.column) } ?? .whole(file)
    }

    private mutating func giveUp(_ place: Place, _ text: String) -> Anchored? {
        hasGivenUp = true
        log.error(place, text)
        return nil
    }
}
