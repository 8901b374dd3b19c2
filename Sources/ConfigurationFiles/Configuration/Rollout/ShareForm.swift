import Declarations

/// Shares of the traffic: percentages in whole basis points.
extension ValueForm where Value == Int {
    /// Basis points, written as a percentage with at most two decimals.
    static func share(_ range: ClosedRange<Int>) -> ValueForm {
        let percentages = ValueForm<Double>.percentage(
            Double(range.lowerBound) / 10_000...Double(range.upperBound) / 10_000)
        return ValueForm(
            summary: percentages.summary, schema: .percentage, read: { $0.share(range) },
            write: { .plain(Field.percent(Double($0) / 10_000)) })
    }
}

extension Field {
    /// Basis points; nil after an error.
    func share(_ range: ClosedRange<Int>) -> Int? {
        guard let share = percentage(Double(range.lowerBound) / 10_000...Double(range.upperBound) / 10_000) else {
            return nil
        }
        let basisPoints = (share * 10_000).rounded()
        guard abs(share * 10_000 - basisPoints) < 1e-6 else {
            fail("\(label) is \(value.shown), and shares are set in steps of 0.01%")
            return nil
        }
        return Int(basisPoints)
    }
}

/// `5%`
func shareText(_ basisPoints: Int) -> String { Field.percent(Double(basisPoints) / 10_000) }
