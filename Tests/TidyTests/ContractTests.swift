import Testing

/// The protocols between the rooms are contracts: whoever implements one reads its comments, not its callers.
@Suite("Documented contracts")
struct ContractTests {
    /// What needs no comment: memberwise initializers, and what a protocol of the standard library describes.
    private static let exempt = ["public init(", "public var description:"]

    @Test(arguments: Repository.files("Sources/Ports", ending: ".swift"))
    func everyDeclarationOfAContractIsDocumented(_ file: String) {
        var (container, previous) = ("", "")
        for (index, line) in Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            if line.first?.isLetter == true { container = String(line) }
            let text = String(line.drop { $0 == " " })
            if Self.isDeclaration(text, in: container), !previous.hasPrefix("///") {
                Issue.record("\(file):\(index + 1): this declaration has no documentation comment: \(text)")
            }
            previous = text
        }
    }

    private static func isDeclaration(_ text: String, in container: String) -> Bool {
        if container.hasPrefix("extension ") || exempt.contains(where: text.hasPrefix) { return false }
        if text.hasPrefix("public ") { return !text.hasPrefix("public import ") }
        if container.hasPrefix("public protocol ") { return text.hasPrefix("func ") || text.hasPrefix("var ") }
        // The cases of an enum; those of a `switch` have a pattern, which begins with a point.
        return container.hasPrefix("public enum ") && text.hasPrefix("case ") && !text.hasPrefix("case .")
    }
}
