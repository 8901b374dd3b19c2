/// Makes a tree of the pieces of a template.
struct TemplateParser {
    /// Actions in each other.
    private static let depthLimit = 50

    private enum End: String {
        case end
        case otherwise = "else"
        case text = "the end of the text"
    }

    private let pieces: [TemplatePiece]
    private var position = 0
    private var depth = 0
    private(set) var named: [String: [TemplateNode]] = [:]

    init(_ text: String) throws(TemplateError) { pieces = try TemplateLexer.pieces(text) }

    mutating func nodes() throws(TemplateError) -> [TemplateNode] {
        let (nodes, end, rest) = try block()
        guard end == .text else { throw TemplateError("\"\(end.rawValue)\" without an action", at: rest.offset) }
        return nodes
    }

    /// Nodes up to an `end`, an `else`, or the end; what follows the `else` is given back.
    private mutating func block() throws(TemplateError) -> ([TemplateNode], End, TokenReader) {
        depth += 1
        defer { depth -= 1 }
        var nodes: [TemplateNode] = []
        while position < pieces.count {
            let piece = pieces[position]
            position += 1
            guard case .action(let tokens, let offset) = piece else {
                if case .text(let text) = piece { nodes.append(.text(text)) }
                continue
            }
            guard depth <= TemplateParser.depthLimit else {
                throw TemplateError("the actions are nested too deep", at: offset)
            }
            var reader = TokenReader(tokens, offset: offset)
            if reader.takes(name: "end") {
                try reader.finish()
                return (nodes, .end, reader)
            }
            if reader.takes(name: "else") { return (nodes, .otherwise, reader) }
            if let node = try node(&reader) { nodes.append(node) }
        }
        return (nodes, .text, TokenReader([], offset: 0))
    }

    private mutating func node(_ reader: inout TokenReader) throws(TemplateError) -> TemplateNode? {
        let offset = reader.offset
        if reader.takes(name: "if") { return try branch(&reader, offset) { .condition($0, then: $1, otherwise: $2) } }
        if reader.takes(name: "with") { return try branch(&reader, offset) { .with($0, then: $1, otherwise: $2) } }
        if reader.takes(name: "range") { return try branch(&reader, offset) { .range($0, body: $1, otherwise: $2) } }
        if reader.takes(name: "break") { return .leave }
        if reader.takes(name: "continue") { return .next }
        if reader.takes(name: "define") {
            try define(try reader.text(), offset)
            return nil
        }
        if reader.takes(name: "block") {
            let name = try reader.text()
            let pipeline = try reader.pipeline()
            try reader.finish()
            try define(name, offset)
            return .call(name: name, pipeline, offset: offset)
        }
        if reader.takes(name: "template") {
            let name = try reader.text()
            let pipeline = reader.isAtEnd ? nil : try reader.pipeline()
            try reader.finish()
            return .call(name: name, pipeline, offset: offset)
        }
        let pipeline = try reader.pipeline()
        try reader.finish()
        return .action(pipeline)
    }

    private mutating func define(_ name: String, _ offset: Int) throws(TemplateError) {
        let (nodes, end, _) = try block()
        guard end == .end else { throw TemplateError("the template \"\(name)\" has no {{ end }}", at: offset) }
        named[name] = nodes
    }

    private mutating func branch(
        _ reader: inout TokenReader, _ offset: Int,
        _ make: (TemplatePipeline, [TemplateNode], [TemplateNode]) -> TemplateNode
    ) throws(TemplateError) -> TemplateNode {
        let pipeline = try reader.pipeline()
        try reader.finish()
        let (then, end, rest) = try block()
        if end == .end { return make(pipeline, then, []) }
        guard end == .otherwise else { throw TemplateError("the action has no {{ end }}", at: offset) }
        return make(pipeline, then, try otherwise(rest, offset))
    }

    /// `else if` and `else with` share the `end` of the first one.
    private mutating func otherwise(_ rest: TokenReader, _ offset: Int) throws(TemplateError) -> [TemplateNode] {
        var reader = rest
        if reader.isAtEnd {
            let (nodes, end, _) = try block()
            guard end == .end else { throw TemplateError("the action has no {{ end }}", at: offset) }
            return nodes
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= TemplateParser.depthLimit else {
            throw TemplateError("the actions are nested too deep", at: offset)
        }
        return try node(&reader).map { [$0] } ?? []
    }
}

/// Reads the tokens of one action.
struct TokenReader {
    private let tokens: [PlacedToken]
    private let start: Int
    private var position = 0
    private var depth = 0

    init(_ tokens: [PlacedToken], offset: Int) { (self.tokens, start) = (tokens, offset) }

    var isAtEnd: Bool { position >= tokens.count }

    /// Of the next token, or of the action.
    var offset: Int { isAtEnd ? tokens.last?.offset ?? start : tokens[position].offset }

    mutating func takes(name: String) -> Bool {
        guard !isAtEnd, tokens[position].token == .name(name) else { return false }
        position += 1
        return true
    }

    private mutating func takes(sign: String) -> Bool {
        guard !isAtEnd, tokens[position].token == .sign(sign) else { return false }
        position += 1
        return true
    }

    mutating func text() throws(TemplateError) -> String {
        guard !isAtEnd, case .text(let text) = tokens[position].token else {
            throw TemplateError("a name in quotation marks is missing", at: offset)
        }
        position += 1
        return text
    }

    func finish() throws(TemplateError) {
        if !isAtEnd { throw TemplateError("unexpected text at the end of the action", at: offset) }
    }

    mutating func pipeline() throws(TemplateError) -> TemplatePipeline {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 50 else { throw TemplateError("the parentheses are nested too deep", at: offset) }
        var pipeline = TemplatePipeline(offset: offset)
        declaration(&pipeline)
        repeat { pipeline.commands.append(try command()) } while takes(sign: "|")
        return pipeline
    }

    private mutating func declaration(_ pipeline: inout TemplatePipeline) {
        let begin = position
        var names: [String] = []
        repeat {
            guard !isAtEnd, case .variable(let name) = tokens[position].token else { break }
            names.append(name)
            position += 1
        } while names.count < 2 && takes(sign: ",")
        if !names.isEmpty, takes(sign: ":=") { return pipeline.variables = names }
        if !names.isEmpty, takes(sign: "=") { return (pipeline.variables, pipeline.assigns) = (names, true) }
        position = begin
    }

    private mutating func command() throws(TemplateError) -> TemplateCommand {
        var operands: [TemplateOperand] = []
        while let operand = try operand() { operands.append(operand) }
        guard !operands.isEmpty else { throw TemplateError("a value or a function is missing", at: offset) }
        if operands.count > 1, case .literal = operands[0].base {
            throw TemplateError("a literal takes no arguments", at: operands[1].offset)
        }
        return TemplateCommand(operands: operands)
    }

    private mutating func operand() throws(TemplateError) -> TemplateOperand? {
        guard !isAtEnd else { return nil }
        let offset = offset
        var fields: [String] = []
        let base: TemplateOperand.Base
        switch tokens[position].token {
        case .name(let name): base = TokenReader.named(name)
        case .field(let name):
            base = .dot
            if !name.isEmpty { fields.append(name) }
        case .variable(let name): base = .variable(name)
        case .text(let text): base = .literal(.text(text))
        case .integer(let value): base = .literal(.integer(value))
        case .number(let value): base = .literal(.number(value))
        case .sign("("):
            position += 1
            base = .group(try pipeline())
            guard !isAtEnd, tokens[position].token == .sign(")") else {
                throw TemplateError("a closing parenthesis is missing", at: offset)
            }
        case .sign: return nil
        }
        position += 1
        while !isAtEnd, !tokens[position].isSpaced, case .field(let name) = tokens[position].token, !name.isEmpty {
            fields.append(name)
            position += 1
        }
        return TemplateOperand(base: base, fields: fields, offset: offset)
    }

    private static func named(_ name: String) -> TemplateOperand.Base {
        switch name {
        case "true": .literal(.flag(true))
        case "false": .literal(.flag(false))
        case "nil": .literal(.nothing)
        default: .function(name)
        }
    }
}
