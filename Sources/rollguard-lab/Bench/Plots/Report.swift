import Foundation

/// Where results go: JSON, plots, and the tables of docs/performance.md.
struct Report {
    let results: Results

    /// Writes `results.json` and the plots.
    func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Installed.write(try results.json(), to: folder + "/results.json")
        for (name, svg) in Plots(results: results).files { try Installed.write(svg, to: "\(folder)/\(name)") }
    }

    /// Puts the tables between the marks of the document; the text around them stays.
    static func replacing(_ document: String, with tables: String) -> String? {
        let (begin, end) = ("<!-- bench: begin -->", "<!-- bench: end -->")
        guard let from = document.range(of: begin), let to = document.range(of: end), from.upperBound <= to.lowerBound
        else {
            return nil
        }
        return document[..<from.upperBound] + "\n\n" + tables + "\n" + document[to.lowerBound...]
    }

    /// The tables of docs/performance.md and docs/scale.md.
    func publish(into folder: String) throws {
        let tables = Tables(results: results)
        let circumstances = "Measured \(tables.circumstances)."
        try publish("\(circumstances)\n\n\(tables.text)", into: folder + "/performance.md")
        if let scale = Scale(results.scrapes) {
            try publish("\(circumstances)\n\n\(scale.text)", into: folder + "/scale.md")
        }
    }

    private func publish(_ tables: String, into document: String) throws {
        let text = try String(contentsOfFile: document, encoding: .utf8)
        guard let new = Report.replacing(text, with: tables) else { throw MissingMarks(document: document) }
        try Installed.write(new, to: document)
    }

    struct MissingMarks: Error, CustomStringConvertible {
        let document: String
        var description: String { "\(document) has no <!-- bench: begin --> and <!-- bench: end --> for the tables" }
    }
}
