/// One filling-in of a template. Bounded in steps, depth and output, whatever the template is.
struct TemplateRun {
    static let stepLimit = 10_000
    static let depthLimit = 50
    static let outputLimitBytes = 65_536

    private enum Flow {
        case goesOn
        case leaves
        case skips
    }

    private let named: [String: [TemplateNode]]
    private let nowWallMs: Int64
    private var variables: [(name: String, value: TemplateValue)]
    private var steps = 0
    private var depth = 0
    private(set) var output = ""

    init(
        named: [String: [TemplateNode]], data: TemplateValue, variables: [(name: String, value: TemplateValue)],
        nowWallMs: Int64
    ) {
        self.named = named
        self.nowWallMs = nowWallMs
        self.variables = [("$", data)] + variables
    }

    mutating func run(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) {
        _ = try walk(nodes, dot)
    }

    private mutating func walk(_ nodes: [TemplateNode], _ dot: TemplateValue) throws(TemplateError) -> Flow {
        let mark = variables.count
        defer { variables.removeSubrange(mark...) }
        for node in nodes {
            let flow = try walk(node, dot)
            if flow != .goesOn { return flow }
        }
        return .goesOn
    }

    private mutating func walk(_ node: TemplateNode, _ dot: TemplateValue) throws(TemplateError) -> Flow {
        switch node {
        case .text(let text): try write(text, at: 0)
        case .action(let pipeline):
            let value = try value(of: pipeline, dot)
            if pipeline.variables.isEmpty { try write(value.printed, at: pipeline.offset) }
        case .condition(let pipeline, let then, let otherwise):
            let mark = variables.count
            defer { variables.removeSubrange(mark...) }
            return try walk(try value(of: pipeline, dot).isTrue ? then : otherwise, dot)
        case .with(let pipeline, let then, let otherwise):
            let mark = variables.count
            defer { variables.removeSubrange(mark...) }
            let value = try value(of: pipeline, dot)
            return value.isTrue ? try walk(then, value) : try walk(otherwise, dot)
        case .range(let pipeline, let body, let otherwise): return try range(pipeline, body, otherwise, dot)
        case .call(let name, let pipeline, let offset): try call(name, pipeline, dot, offset)
        case .leave: return .leaves
        case .next: return .skips
        }
        return .goesOn
    }

    private mutating func write(_ text: String, at offset: Int) throws(TemplateError) {
        try step(offset)
        guard output.utf8.count + text.utf8.count <= TemplateRun.outputLimitBytes else {
            throw TemplateError("the text is longer than \(TemplateRun.outputLimitBytes) bytes", at: offset)
        }
        output += text
    }

    private mutating func step(_ offset: Int) throws(TemplateError) {
        steps += 1
        guard steps <= TemplateRun.stepLimit else {
            throw TemplateError("it takes more than \(TemplateRun.stepLimit) steps", at: offset)
        }
    }

    private mutating func call(
        _ name: String, _ pipeline: TemplatePipeline?, _ dot: TemplateValue, _ offset: Int
    ) throws(TemplateError) {
        guard let nodes = named[name] else { throw TemplateError("there is no template \"\(name)\"", at: offset) }
        depth += 1
        defer { depth -= 1 }
        guard depth <= TemplateRun.depthLimit else {
            throw TemplateError("templates call each other more than \(TemplateRun.depthLimit) deep", at: offset)
        }
        let data = try pipeline.map { (pipeline) throws(TemplateError) in try value(of: pipeline, dot) } ?? .nothing
        // A template sees its data, and none of the caller's variables.
        let kept = variables
        variables = [("$", data)] + kept.dropFirst().prefix { $0.name == "$labels" || $0.name == "$value" }
        defer { variables = kept }
        _ = try walk(nodes, data)
    }

    // MARK: Ranges

    private mutating func range(
        _ pipeline: TemplatePipeline, _ body: [TemplateNode], _ otherwise: [TemplateNode], _ dot: TemplateValue
    ) throws(TemplateError) -> Flow {
        var bare = pipeline
        bare.variables = []
        let entries = try entries(of: try value(of: bare, dot), pipeline.offset)
        if entries.isEmpty { return try walk(otherwise, dot) }
        for (key, value) in entries {
            try step(pipeline.offset)
            let mark = variables.count
            defer { variables.removeSubrange(mark...) }
            if let name = pipeline.variables.last { set(name, value, assigns: pipeline.assigns) }
            if pipeline.variables.count == 2 { set(pipeline.variables[0], key, assigns: pipeline.assigns) }
            if try walk(body, value) == .leaves { break }
        }
        return .goesOn
    }

    private func entries(
        of value: TemplateValue, _ offset: Int
    ) throws(TemplateError) -> [(key: TemplateValue, value: TemplateValue)] {
        switch value {
        case .nothing: []
        case .list(let list): list.enumerated().map { (.integer($0), $1) }
        case .map(let map): TemplateValue.sorted(map).map { (.text($0.key), $0.value) }
        default: throw TemplateError("range takes a list or a map", at: offset)
        }
    }

    // MARK: Values

    private mutating func set(_ name: String, _ value: TemplateValue, assigns: Bool) {
        if assigns, let index = variables.lastIndex(where: { $0.name == name }) {
            variables[index].value = value
        } else {
            variables.append((name, value))
        }
    }

    private mutating func value(
        of pipeline: TemplatePipeline, _ dot: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        try step(pipeline.offset)
        var last: TemplateValue?
        for command in pipeline.commands { last = try value(of: command, dot, after: last) }
        let value = last ?? .nothing
        guard let name = pipeline.variables.first else { return value }
        if pipeline.assigns, !variables.contains(where: { $0.name == name }) {
            throw TemplateError("the variable \(name) is not declared", at: pipeline.offset)
        }
        set(name, value, assigns: pipeline.assigns)
        return value
    }

    /// - Parameter last: the value before the `|`, which becomes the last argument.
    private mutating func value(
        of command: TemplateCommand, _ dot: TemplateValue, after last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        try step(command.operands[0].offset)
        let first = command.operands[0]
        if case .function(let name) = first.base {
            if let short = try connective(name, command, dot, last) { return short }
            var arguments: [TemplateValue] = []
            for operand in command.operands.dropFirst() { arguments.append(try value(of: operand, dot)) }
            if let last { arguments.append(last) }
            let result = try TemplateFunctions(nowWallMs: nowWallMs, offset: first.offset).call(name, arguments)
            return try TemplateFields.value(result, first.fields, [], at: first.offset)
        }
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() { arguments.append(try value(of: operand, dot)) }
        if let last { arguments.append(last) }
        return try TemplateFields.value(try base(first, dot), first.fields, arguments, at: first.offset)
    }

    /// `and` and `or` evaluate no more than they need.
    private mutating func connective(
        _ name: String, _ command: TemplateCommand, _ dot: TemplateValue, _ last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue? {
        guard name == "and" || name == "or" else { return nil }
        var result: TemplateValue?
        for operand in command.operands.dropFirst() {
            let value = try value(of: operand, dot)
            result = value
            if value.isTrue == (name == "or") { return value }
        }
        guard let value = last ?? result else {
            throw TemplateError("\(name) takes at least one argument", at: command.operands[0].offset)
        }
        return value
    }

    private mutating func value(
        of operand: TemplateOperand, _ dot: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        if case .function(let name) = operand.base {
            let result = try TemplateFunctions(nowWallMs: nowWallMs, offset: operand.offset).call(name, [])
            return try TemplateFields.value(result, operand.fields, [], at: operand.offset)
        }
        return try TemplateFields.value(try base(operand, dot), operand.fields, [], at: operand.offset)
    }

    private mutating func base(
        _ operand: TemplateOperand, _ dot: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch operand.base {
        case .dot: return dot
        case .literal(let value): return value
        case .group(let pipeline): return try value(of: pipeline, dot)
        case .function: return .nothing
        case .variable(let name):
            guard let found = variables.last(where: { $0.name == name }) else {
                throw TemplateError("the variable \(name) is not declared", at: operand.offset)
            }
            return found.value
        }
    }
}

/// What follows a dot: fields, keys, and the methods that Alertmanager's data has.
enum TemplateFields {
    static func value(
        _ base: TemplateValue, _ fields: [String], _ arguments: [TemplateValue], at offset: Int
    ) throws(TemplateError) -> TemplateValue {
        var value = base
        for (index, field) in fields.enumerated() {
            let isLast = index == fields.count - 1
            value = try self.value(value, field, isLast ? arguments : [], at: offset)
        }
        guard fields.isEmpty, !arguments.isEmpty else { return value }
        throw TemplateError("a value takes no arguments", at: offset)
    }

    private static func value(
        _ value: TemplateValue, _ field: String, _ arguments: [TemplateValue], at offset: Int
    ) throws(TemplateError) -> TemplateValue {
        switch value {
        case .nothing: return .nothing
        case .record(let fields):
            guard arguments.isEmpty else { throw TemplateError(".\(field) takes no arguments", at: offset) }
            if let found = fields[field] { return found }
            let known = TemplateValue.sorted(fields).map { "." + $0.key }.joined(separator: ", ")
            throw TemplateError("there is no .\(field) here; there is \(known)", at: offset)
        case .map(let map): return try ofMap(map, field, arguments, at: offset)
        case .list(let list):
            switch field {
            case "Firing": return .list(list.filter { status($0) == "firing" })
            case "Resolved": return .list(list.filter { status($0) == "resolved" })
            default: throw TemplateError("a list has .Firing and .Resolved, not .\(field)", at: offset)
            }
        default: throw TemplateError("this value has no .\(field)", at: offset)
        }
    }

    private static func ofMap(
        _ map: [String: TemplateValue], _ field: String, _ arguments: [TemplateValue], at offset: Int
    ) throws(TemplateError) -> TemplateValue {
        let sorted = TemplateValue.sorted(map)
        switch field {
        case "Remove":
            guard arguments.count == 1, case .list(let names) = arguments[0] else {
                throw TemplateError(".Remove takes a list of names, such as (stringSlice \"a\" \"b\")", at: offset)
            }
            return .map(map.filter { !names.contains(.text($0.key)) })
        case "SortedPairs":
            // `alertname` comes first.
            let pairs = sorted.filter { $0.key == "alertname" } + sorted.filter { $0.key != "alertname" }
            return .list(pairs.map { .record(["Name": .text($0.key), "Value": $0.value]) })
        case "Names": return .list(sorted.map { .text($0.key) })
        case "Values": return .list(sorted.map(\.value))
        default: return map[field] ?? .text("")
        }
    }

    private static func status(_ value: TemplateValue) -> String {
        guard case .record(let fields) = value, case .text(let status)? = fields["Status"] else { return "" }
        return status
    }
}
