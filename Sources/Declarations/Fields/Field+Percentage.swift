extension Field {
    /// A percentage such as `0.1%`, as a share. The sign is asked for, because `10` and `0.1` can both mean 10 %.
    package func percentage(_ range: ClosedRange<Double>) -> Double? {
        let (low, high) = (Field.percent(range.lowerBound), Field.percent(range.upperBound))
        guard case .text(let text, _) = value.content, !value.isNothing else {
            return refuse("a percentage such as \(example(in: range))")
        }
        guard text.hasSuffix("%") else {
            let hint =
                Amounts.number(text).map { "; did you mean '\($0 < 1 ? Field.percent($0) : "\(text)%")'?" } ?? ""
            fail("\(label) must be a percentage such as \(example(in: range)), got \(Quote.value(text))\(hint)")
            return nil
        }
        let digits = String(text.dropLast())
        guard let number = Amounts.number(digits), let share = Double("\(digits)e-2") else {
            return refuse("a percentage such as \(example(in: range))")
        }
        guard range.contains(share), number.isFinite else {
            fail("\(label) must be between \(low) and \(high), got \(Quote.value(text))")
            return nil
        }
        return share
    }

    private func example(in range: ClosedRange<Double>) -> String { range.upperBound > 1 ? "10%" : "0.1%" }

    /// Reads back as the same share.
    package static func percent(_ share: Double) -> String {
        // 0.07 * 100 is 7.000000000000001; the shortest text that gives the share back is wanted.
        for digits in [1e3, 1e6, 1e9, 1e12] {
            let rounded = (share * 100 * digits).rounded() / digits
            let text = PlainNumber.text(rounded)
            if Double("\(text)e-2") == share { return "\(text)%" }
        }
        return "\(PlainNumber.text(share * 100))%"
    }
}
