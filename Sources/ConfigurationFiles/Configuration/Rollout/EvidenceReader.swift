import Declarations
import Model

/// `evidence` of a step.
enum EvidenceReader {
    static let sentence =
        "[proof](#evidence-of-a-step) that the canary is no worse than that, from what was counted in this step after "
        + "`settle`"

    private static let defaultExcess = 0.5

    static var section: Section<EvidenceDemand> {
        Section(
            owner: "'evidence'", blank: EvidenceDemand(),
            settings: [
                .optional(
                    "excess", \.excess, ValueForm.percentage(0.001...10), shownDefault: "`50%`, without `ratio`",
                    "at the next share the release adds at most this part to everybody's bad requests: before the "
                        + "share s the canary is at most 1 + excess / s times as bad"),
                .optional(
                    "ratio", \.ratio, ratio, "instead of `excess`: the canary is at most so many times as bad"),
                .value(
                    "error", \.error, ValueForm.percentage(1e-6...0.5).described("above `0%`, to `50%`"),
                    "the probability that a canary which is worse than that throughout the step passes; halved with "
                        + "each further try of the same version"),
                .optional(
                    "floor", \.floor, ValueForm.percentage(0.000001...0.5), shownDefault: "none",
                    "a canary whose error rate is shown to be below it is good enough, whatever the baseline's is: for "
                        + "services with hardly any errors"),
            ],
            finish: { demand, fields in
                if fields.has("excess"), fields.has("ratio") {
                    _ = fields.one(of: ["excess", "ratio"])
                    return false
                }
                if demand.ratio == nil, demand.excess == nil { demand.excess = defaultExcess }
                return true
            })
    }

    private static var ratio: ValueForm<Double> {
        ValueForm.number.checked { ratio, field in
            if ratio > 1, ratio <= 100 { return ratio }
            field.fail(
                "'ratio' must be above 1, at most 100, got \(field.value.shown): that two versions are exactly alike "
                    + "cannot be proved; 1.5 asks that the canary is at most half as bad again")
            return nil
        }.described("number above 1, to 100")
    }
}
