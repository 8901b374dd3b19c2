import Declarations

/// Checks the `{{ … }}` templates of labels and annotations.
struct TemplateCheck {
    static let names = ["canary", "baseline", "$value", "release", "canary_version", "baseline_version"]

    /// The rule's labels; nil in labels themselves, which cannot name each other.
    let labels: [String]?

    /// Reports each error with its place in the value.
    func check(_ field: Field) {
        guard let places = TextPlaces(field.value), case .text(let text, _) = field.value.content else { return }
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while !field.log.isFull, let open = TemplateCheck.find("{", in: scalars, from: index) {
            guard let close = TemplateCheck.find("}", in: scalars, from: open + 2) else {
                field.log.error(places.place(open), "the template is not closed; write }} after the name")
                return
            }
            var start = open + 2
            while start < close, scalars[start].properties.isWhitespace { start += 1 }
            var end = close
            while end > start, scalars[end - 1].properties.isWhitespace { end -= 1 }
            if let diagnostic = diagnostic(Quote.string(Array(scalars[start..<end]))) {
                field.log.error(places.place(min(start, close)), diagnostic)
            }
            index = close + 2
        }
    }

    private func diagnostic(_ name: String) -> String? {
        if TemplateCheck.names.contains(name) { return nil }
        if name.hasPrefix("$labels.") { return label(String(name.dropFirst("$labels.".count))) }
        if name.isEmpty { return "the template names nothing; known are \(Quote.choices(TemplateCheck.names))" }
        if name.contains("|") || name.contains(" ") || name.contains("(") {
            return "templates are names alone, without functions; values come formatted, as in {{ canary }}"
        }
        var hint = Quote.suggestion(for: name, among: TemplateCheck.names + ["$labels"])
        if hint.isEmpty { hint = "; known are \(Quote.choices(TemplateCheck.names + ["$labels.NAME"]))" }
        return "unknown name \(Quote.value(name)) in a template\(hint)"
    }

    private func label(_ name: String) -> String? {
        guard let labels else { return "a label cannot name the rule's labels; only annotations can" }
        guard !labels.contains(name) else { return nil }
        var hint = Quote.suggestion(for: name, among: labels)
        if hint.isEmpty {
            hint =
                labels.isEmpty
                ? "; it has none" : "; it has " + labels.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
        }
        return "the rule has no label \(Quote.value(name))\(hint)"
    }

    /// Where the sign occurs twice in a row.
    private static func find(_ sign: Unicode.Scalar, in scalars: [Unicode.Scalar], from start: Int) -> Int? {
        guard start + 1 < scalars.count else { return nil }
        return (start..<(scalars.count - 1)).first { scalars[$0] == sign && scalars[$0 + 1] == sign }
    }
}
