/// Readers of single values. Each reports what is wrong and returns nil.
extension Field {
    /// Any single value, as it is written.
    package func text() -> String? {
        guard case .text(let text, _) = value.content, !value.isNothing else { return refuse("a text") }
        return text
    }

    /// A text that is not empty and has no control characters: names, paths, versions.
    package func line(limit: Int = 1_000) -> String? {
        guard let text = text() else { return nil }
        guard !text.isEmpty else {
            fail("\(label) is empty")
            return nil
        }
        guard text.unicodeScalars.allSatisfy(Quote.isShowable) else {
            fail("\(label) has a line break or another control character in it")
            return nil
        }
        guard text.unicodeScalars.count <= limit else {
            fail("\(label) is longer than \(limit) characters")
            return nil
        }
        return text
    }

    package func bool() -> Bool? {
        guard case .text(let text, .plain) = value.content, text == "true" || text == "false" else {
            return refuse("true or false")
        }
        return text == "true"
    }

    package func integer(_ range: ClosedRange<Int>) -> Int? {
        let bounds =
            range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
        guard case .text(let text, .plain) = value.content, let number = Int(text), range.contains(number) else {
            return refuse("a whole number, \(bounds)")
        }
        return number
    }

    /// A number that is not negative; `percent` takes `5%` as well.
    package func number() -> Double? {
        guard case .text(let text, .plain) = value.content, let number = Amounts.number(text) else {
            return refuse("a number, 0 or more")
        }
        return number
    }

    /// Requests per second, `0.5/s` or `0.5`.
    package func rate() -> Double? {
        guard case .text(let text, _) = value.content, !value.isNothing,
            let number = Amounts.number(text.hasSuffix("/s") ? String(text.dropLast(2)) : text)
        else { return refuse("a rate such as 0.5/s") }
        return number
    }

    package func durationMs(_ range: ClosedRange<Int64> = Amounts.positive) -> Int64? {
        guard case .text(let text, _) = value.content, !value.isNothing else { return refuse("a duration such as 5s") }
        do throws(AmountError) {
            let duration = try Amounts.durationMs(text)
            guard range.contains(duration) else {
                let (low, high) = (
                    Amounts.text(durationMs: range.lowerBound), Amounts.text(durationMs: range.upperBound)
                )
                fail("\(label) must be between \(low) and \(high), got \(Quote.value(text))")
                return nil
            }
            return duration
        } catch {
            fail("\(label) must be a duration such as 500ms, 5s or 1h30m, got \(Quote.value(text)); \(error.reason)")
            return nil
        }
    }

    package func sizeBytes(_ range: ClosedRange<Int>) -> Int? {
        guard case .text(let text, _) = value.content, let size = Amounts.sizeBytes(text) else {
            return refuse("a size such as 64MB, 10MiB or a number of bytes")
        }
        guard range.contains(size) else {
            fail("\(label) must be between \(range.lowerBound) and \(range.upperBound) bytes, got \(Quote.value(text))")
            return nil
        }
        return size
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        choice(Choice.allCases.map(\.rawValue)).flatMap { Choice(rawValue: $0) }
    }

    package func choice(_ names: [String]) -> String? {
        guard case .text(let text, _) = value.content, !value.isNothing else { return refuse(Quote.choices(names)) }
        guard names.contains(text) else {
            fail(
                "\(label) must be \(Quote.choices(names)), got \(Quote.value(text))"
                    + Quote.suggestion(for: text, among: names))
            return nil
        }
        return text
    }

    /// A list of lines, at least one.
    package func lines(of what: String) -> [String]? {
        guard let entries = entries(of: what) else { return nil }
        if entries.isEmpty { fail("\(label) is empty; it needs at least one of the \(what)") }
        let lines = entries.compactMap { $0.line() }
        return lines.count == entries.count && !lines.isEmpty ? lines : nil
    }
}
