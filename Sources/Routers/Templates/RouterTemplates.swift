import Declarations

/// Checks the `${name | filter}` templates of an http router. What is misspelt here would be found when a rollback is
/// due.
struct RouterTemplates {
    private static let always = ["release", "version.canary", "version.baseline", "instance"]
    private static let ofSplit = [
        "weight.canary", "weight.baseline", "percent.canary", "percent.baseline", "basis_points.canary",
        "basis_points.baseline",
    ]
    static let filters = [
        "base64", "unbase64", "b64", "unb64", "fromjson", "json", "number", "int", "raw", "text", "trim", "url",
    ]

    private let names: [String]
    private let known: Set<String>

    /// - Parameters:
    ///   - router: The router's mapping; its variables and captures are the names beyond the fixed ones. That a value
    ///     is captured before it is used is not checked here.
    ///   - setsSplit: False for a read-back, which does not know what was set.
    init(router: YAMLValue, setsSplit: Bool) {
        let variables = router.member("variables")?.value.memberNames ?? []
        let steps = [router.member("set")?.value, router.member("read_back")?.value.member("steps")?.value]
        let captures = steps.flatMap { $0?.entries ?? [] }.flatMap { $0.member("capture")?.value.memberNames ?? [] }
        names =
            RouterTemplates.always + (setsSplit ? RouterTemplates.ofSplit : []) + variables.map { "var.\($0)" }.sorted()
            + captures.sorted()
        known = Set(names)
    }

    /// Reports each error with its place in the value.
    func check(_ field: Field) {
        guard case .text(let text, _) = field.value.content, let places = TextPlaces(field.value) else { return }
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while !field.log.isFull, let dollar = scalars[index...].firstIndex(of: "$") {
            let rest = scalars[dollar...]
            if rest.starts(with: "$${".unicodeScalars) {
                index = dollar + 3
            } else if rest.starts(with: "${".unicodeScalars) {
                guard let close = rest.firstIndex(of: "}") else {
                    field.log.error(places.place(dollar), "the template is not closed; write } after the name")
                    return
                }
                if let diagnostic = diagnostic(Quote.string(Array(scalars[(dollar + 2)..<close]))) {
                    field.log.error(places.place(dollar), diagnostic)
                }
                index = close + 1
            } else {
                index = dollar + 1
            }
        }
    }

    private func diagnostic(_ inside: String) -> String? {
        let parts = inside.split(separator: "|", omittingEmptySubsequences: false).map { part in
            Quote.string(part.unicodeScalars.filter { !Quote.isBlank($0) })
        }
        guard let name = parts.first, known.contains(name) else {
            let name = parts.first ?? ""
            var hint = Quote.suggestion(for: name, among: names)
            if hint.isEmpty { hint = "; known here are \(Quote.choices(Array(names.prefix(30))))" }
            return "unknown name \(Quote.value(name)) in a template\(hint)"
        }
        guard let filter = parts.dropFirst().first(where: { !RouterTemplates.filters.contains($0) }) else { return nil }
        var hint = Quote.suggestion(for: filter, among: RouterTemplates.filters)
        if hint.isEmpty { hint = "; there are \(Quote.choices(RouterTemplates.filters))" }
        return "unknown filter \(Quote.value(filter))\(hint)"
    }
}

extension Field {
    /// Filters of a value that an answer holds.
    func filters() -> [String]? {
        entries(of: "filters")?.compactMap { entry in
            guard case .text(let text, _) = entry.value.content, RouterTemplates.filters.contains(text) else {
                return entry.choice(RouterTemplates.filters).flatMap { _ in nil }
            }
            return text
        }
    }
}
