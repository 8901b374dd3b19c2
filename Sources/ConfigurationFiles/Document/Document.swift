import Declarations
import Yams

/// One YAML file, read into values with places.
struct Document {
    let file: SourceFile
    let root: YAMLValue

    /// - Returns: Nil after at least one error has been reported.
    static func read(
        _ path: String, asked: Place? = nil, advice: String = "", files: any FileSource, log: DiagnosticLog
    ) -> Document? {
        guard let text = FileText.read(path, asked: asked, advice: advice, files: files, log: log) else { return nil }
        return compose(text, log: log)
    }

    private static func compose(_ text: FileText, log: DiagnosticLog) -> Document? {
        guard var source = ComposableText(text) else {
            log.error(.whole(text.file), "the file uses every private Unicode character; it cannot be a configuration")
            return nil
        }
        while true {
            do {
                // No resolver: what a plain text means is decided by the field that it belongs to.
                let parser = try Parser(yaml: source.yaml, resolver: .basic, constructor: .default, encoding: .utf8)
                let node = try parser.singleRoot()
                guard let node else {
                    log.error(.whole(text.file), "the file is empty")
                    return nil
                }
                // Nodes know their anchors weakly; the parser holds them.
                return withExtendedLifetime(parser) {
                    var builder = TreeBuilder(source: source, file: text.file, log: log)
                    return builder.root(node).map { Document(file: text.file, root: $0) }
                }
            } catch let error as YamlError {
                if case .duplicatedKeysInMapping(let names, let context) = error, let name = names.first {
                    if source.separate(name, context.mark) { continue }
                    let place = Place(file: text.file, line: context.mark.line, column: context.mark.column)
                    log.error(place, "\(Quote.value(source.original(name))) is given twice in one mapping")
                    return nil
                }
                report(error, in: text, log: log)
                return nil
            } catch {
                log.error(.whole(text.file), "the file cannot be read as YAML")
                return nil
            }
        }
    }

    private static func report(_ error: YamlError, in text: FileText, log: DiagnosticLog) {
        switch error {
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            log.error(place(mark, in: text.file), "a second YAML document begins here; a file holds one")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = place(mark, in: text.file)
            var message = "not valid YAML: \(problem)"
            if let context, context.text.hasPrefix("while parsing") || context.text.hasPrefix("while scanning a") {
                message += " \(context.text) that begins in line \(context.mark.line)"
            }
            log.error(place, message + advice(problem, at: place))
        case .memory: log.error(.whole(text.file), "out of memory while reading YAML")
        default: log.error(.whole(text.file), "the file cannot be read as YAML")
        }
    }

    private static func advice(_ problem: String, at place: Place) -> String {
        // The parser may take a line with a tab for more of the line above, and stumble later.
        for number in stride(from: place.line, through: max(1, place.line - 2), by: -1) {
            guard place.file.line(number).unicodeScalars.prefix(while: Quote.isBlank).contains("\t") else { continue }
            return "; line \(number) is indented with a tab, use spaces"
        }
        if problem.contains("cannot start any token") { return "; put the text in quotes" }
        if problem.contains("mapping values are not allowed") { return "; a text with ': ' in it has to be in quotes" }
        return ""
    }

    /// The parser may point behind the last line; the end of that line is shown then.
    private static func place(_ mark: Mark, in file: SourceFile) -> Place {
        guard mark.line > file.lineCount, file.lineCount > 0 else {
            return Place(file: file, line: mark.line, column: mark.column)
        }
        let last = file.line(file.lineCount).unicodeScalars.count
        return Place(file: file, line: file.lineCount, column: last + 1)
    }
}
