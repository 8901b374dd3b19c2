import Foundation

/// Everything that a run has measured.
struct Results: Codable, Sendable {
    var date: String
    var isQuick: Bool
    var machine: Machine
    var scrapes: [ScrapeFigure] = []
    var rules: [ScrapeFigure] = []
    var faults: [FaultFigure] = []
    /// Nil in results that were measured before it was.
    var load: LoadFigure?
    var kernelRules: [KernelFigure] = []
    var kernelWindows: [KernelFigure] = []
    var kernelTargets: [KernelFigure] = []
    var reader: [ReaderFigure] = []
    /// Rows that could not be measured, and why.
    var gaps: [String] = []

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    init(isQuick: Bool) {
        date = String(Date().formatted(.iso8601).prefix(16)).replacing("T", with: " ")
        self.isQuick = isQuick
        machine = Machine.here()
    }

    /// Reads what an earlier run wrote.
    init(contentsOf path: String) throws {
        self = try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
}
