/// A message as lines of one text, within a limit. Links are never cut; the parts that matter most get their room first.
struct MessageText {
    let markUp: MarkUp
    /// Around the title, in the service's marks: `("*", "*")`.
    var strong: (String, String) = ("", "")
    var lineBreak = "\n"
    /// Before each line after the first one: `> ` or `- `.
    var bullet = ""
    /// A link as the service writes it, from its name and its address.
    var link: @Sendable (_ name: String, _ address: String) -> String = { name, address in
        name == MessageText.details ? address : "\(name): \(address)"
    }

    /// The name of the link to what a message is about.
    static let details = "details"

    private struct Part {
        let prefix: String
        let text: String
        let most: Int
        /// Parts with a low rank get their room first.
        let rank: Int
    }

    /// - Parameter includesTitle: whether the first line has the title, for services without a field for it.
    func text(_ content: MessageContent, limit: TextLimit, includesTitle: Bool = true) -> String {
        let links = [(Self.details, content.link), ("acknowledge", content.acknowledgeLink)]
        let ending = links.map { name, address in
            address.map { lineBreak + bullet + link(name, $0) } ?? ""
        }.joined()
        let parts = parts(content, includesTitle: includesTitle)
        var room = limit.count - limit.length(ending)
        var lines = [String?](repeating: nil, count: parts.count)
        for index in parts.indices.sorted(by: { (parts[$0].rank, $0) < (parts[$1].rank, $1) }) {
            let part = parts[index]
            let around = limit.length(lineBreak) + limit.length(part.prefix)
            guard room - around >= Self.shortest else { continue }
            let shown = markUp.text(part.text, limit: limit.of(min(part.most, room - around)))
            lines[index] = part.prefix + shown
            room -= around + limit.length(shown)
        }
        return lines.compactMap { $0 }.joined(separator: lineBreak) + ending
    }

    /// A part that gets less room than this is left out.
    private static let shortest = 8

    private func parts(_ content: MessageContent, includesTitle: Bool) -> [Part] {
        var parts: [Part] = []
        let (open, close) = strong
        let title = includesTitle ? "\(open)\(content.title):\(close) " : ""
        parts.append(Part(prefix: title, text: content.summary, most: 1_000, rank: 0))
        for (index, fact) in content.facts.enumerated() {
            let name = fact.name.isEmpty ? "" : "\(fact.name): "
            parts.append(Part(prefix: bullet + name, text: fact.value, most: 400, rank: 3 + index))
        }
        if let advice = content.advice {
            parts.append(Part(prefix: "\(bullet)\(open)To do:\(close) ", text: advice, most: 200, rank: 2))
        }
        parts.append(Part(prefix: bullet, text: content.footer, most: 300, rank: 1))
        return parts
    }
}
