import Declarations
import Model

/// The shares of the steps: `list`, `linear` or `exponential`. All of them end with 100 %.
enum StepListReader {
    static let limit = 100
    private static let all = 10_000

    struct Linear {
        var by = 0
        var from: Int?
    }

    struct Exponential {
        var from = 0
        var factor = 2.0
    }

    /// Basis points, rising, at least two; the last is 10 000.
    static var list: ValueForm<[Int]> {
        ValueForm(
            summary: "list of percentages", schema: .array(of: .percentage, least: 2), read: list,
            write: { .list($0.map { .plain(shareText($0)) }) })
    }

    static var linear: ValueForm<[Int]> {
        let section = Section<Linear>(
            owner: "'linear'", blank: Linear(),
            settings: [
                .required("by", \.by, .share(200...5_000), "each step adds so much"),
                .optional("from", \.from, .share(1...5_000), shownDefault: "`by`", "the first share"),
            ])
        return section.form().mapped({ linear, _ in shares(linear) }, back: { Linear(by: 200, from: $0.first) })
    }

    static var exponential: ValueForm<[Int]> {
        let section = Section<Exponential>(
            owner: "'exponential'", blank: Exponential(),
            settings: [
                .required("from", \.from, .share(1...5_000), "the first share"),
                .value("factor", \.factor, factor, "each step has so many times the share of the one before"),
            ])
        return section.form().mapped(
            { exponential, _ in shares(exponential) }, back: { Exponential(from: $0.first ?? 1) })
    }

    private static var factor: ValueForm<Double> {
        ValueForm.number.checked { factor, field in
            if factor >= 1.1, factor <= 100 { return factor }
            field.fail("'factor' must be between 1.1 and 100, got \(field.value.shown)")
            return nil
        }.described("number, 1.1 to 100")
    }

    private static func shares(_ linear: Linear) -> [Int] {
        Array(stride(from: linear.from ?? linear.by, to: all, by: linear.by)) + [all]
    }

    private static func shares(_ exponential: Exponential) -> [Int] {
        var shares: [Int] = []
        var exact = Double(exponential.from)
        while Int(exact.rounded()) < all {
            let share = Int(exact.rounded())
            // The smallest shares grow by less than can be set.
            if share != shares.last { shares.append(share) }
            exact *= exponential.factor
        }
        return shares + [all]
    }

    private static func list(_ field: Field) -> [Int]? {
        guard let entries = field.entries(of: "percentages such as 5%") else { return nil }
        guard (2...limit).contains(entries.count) else {
            field.fail(
                "'list' needs 2 to \(limit) percentages that rise to 100%, such as [1%, 5%, 25%, 50%, 100%]")
            return nil
        }
        let shares = entries.enumerated().compactMap { $1.share($0 == 0 ? 0...all : 1...all) }
        guard shares.count == entries.count else { return nil }
        for (index, pair) in zip(shares, shares.dropFirst()).enumerated() where pair.0 >= pair.1 {
            entries[index + 1].fail(
                "the shares of 'list' rise, and \(shareText(pair.1)) follows \(shareText(pair.0))")
            return nil
        }
        guard shares.last == all else {
            entries.last?.fail("the last of 'list' must be 100%: a rollout ends with all the traffic")
            return nil
        }
        return shares
    }
}
