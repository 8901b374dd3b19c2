/// A template in a subset of Go's text/template with the functions that Alertmanager and Prometheus add: values, pipelines,
/// `if`, `with`, `range`, `define`, variables. Nothing in it reads a file or the network, and every run is bounded.
///
/// The result is plain text. Escaping is the business of the place that it is put into.
public struct GoTemplate: Sendable {
    /// In UTF-8.
    public static let sourceLimitBytes = 65_536

    private let nodes: [TemplateNode]
    private let named: [String: [TemplateNode]]

    /// - Throws: ``TemplateError`` with the place of what cannot be read, or of a function that does not exist.
    public init(_ text: String) throws(TemplateError) {
        guard text.utf8.count <= GoTemplate.sourceLimitBytes else {
            throw TemplateError("the template is longer than \(GoTemplate.sourceLimitBytes) bytes", at: 0)
        }
        var parser = try TemplateParser(text)
        nodes = try parser.nodes()
        named = parser.named
        try TemplateCheck(named: Set(named.keys)).check(nodes)
        for (_, body) in TemplateCheck.sorted(named) { try TemplateCheck(named: Set(named.keys)).check(body) }
    }

    /// - Parameters:
    ///   - data: the dot.
    ///   - variables: known in all of the template, such as `$labels`.
    ///   - nowWallMs: milliseconds since the Unix epoch, for `since` and `now`.
    /// - Throws: ``TemplateError`` when a value does not fit, or a limit is reached.
    public func text(
        _ data: TemplateValue, variables: [(name: String, value: TemplateValue)] = [], nowWallMs: Int64 = 0
    ) throws(TemplateError) -> String {
        var run = TemplateRun(named: named, data: data, variables: variables, nowWallMs: nowWallMs)
        try run.run(nodes, data)
        return run.output
    }
}

/// Names that can be checked before a run.
private struct TemplateCheck {
    let named: Set<String>

    static func sorted(_ named: [String: [TemplateNode]]) -> [(key: String, value: [TemplateNode])] {
        named.sorted { $0.key < $1.key }
    }

    func check(_ nodes: [TemplateNode]) throws(TemplateError) {
        for node in nodes { try check(node) }
    }

    private func check(_ node: TemplateNode) throws(TemplateError) {
        switch node {
        case .text, .leave, .next: break
        case .action(let pipeline): try check(pipeline)
        case .condition(let pipeline, let first, let second), .with(let pipeline, let first, let second),
            .range(let pipeline, let first, let second):
            try check(pipeline)
            try check(first)
            try check(second)
        case .call(let name, let pipeline, let offset):
            guard named.contains(name) else { throw TemplateError("there is no template \"\(name)\"", at: offset) }
            if let pipeline { try check(pipeline) }
        }
    }

    private func check(_ pipeline: TemplatePipeline) throws(TemplateError) {
        for operand in pipeline.commands.flatMap(\.operands) {
            switch operand.base {
            case .function(let name):
                guard TemplateFunctions.names.contains(name) else {
                    throw TemplateError("there is no function \"\(name)\"", at: operand.offset)
                }
            case .group(let inner): try check(inner)
            case .dot, .variable, .literal: break
            }
        }
    }
}
