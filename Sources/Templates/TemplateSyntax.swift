/// A template as it was read: Go's text/template without calls of methods, channels and files.
indirect enum TemplateNode: Sendable {
    case text(String)
    case action(TemplatePipeline)
    /// `if`, with `else if` as an `if` in `otherwise`.
    case condition(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    case call(name: String, TemplatePipeline?, offset: Int)
    case leave
    case next
}

/// `$x := a | b c`.
struct TemplatePipeline: Sendable {
    /// Names with their `$`; two for `range $k, $v := …`.
    var variables: [String] = []
    /// `=` instead of `:=`.
    var assigns = false
    var commands: [TemplateCommand] = []
    let offset: Int
}

/// A function or a value with its arguments.
struct TemplateCommand: Sendable {
    var operands: [TemplateOperand]
}

struct TemplateOperand: Sendable {
    indirect enum Base: Sendable {
        /// `.`
        case dot
        /// `$x`, and `$` alone for the data.
        case variable(String)
        case function(String)
        case literal(TemplateValue)
        case group(TemplatePipeline)
    }

    let base: Base
    /// `.Labels.team` behind it.
    var fields: [String] = []
    let offset: Int
}
