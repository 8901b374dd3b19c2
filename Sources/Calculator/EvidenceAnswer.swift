import Foundation
import Statistics

/// One line of the calculator's output.
struct EvidenceAnswer: Encodable {
    /// One latency boundary.
    struct Slow: Encodable {
        let slower_than: Double
        let log_e: Double
        let baseline: Double?
        let canary: Double?
        let ratio: Double?
    }

    /// One null hypothesis.
    struct Null: Encodable {
        let ratio: Double
        let log_e: Double
        let max_log_e: Double
        let bar: Double
    }

    private enum Keys: String, CodingKey {
        case t, log_e, max_log_e, bar, verdict, baseline, canary, ratio, ratio_low, ratio_high, requests_needed
        case seconds_needed, slow, nulls
    }

    let seconds: Double
    let evidence: RegressionEvidence

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Keys.self)
        try fields.encode(seconds, forKey: .t)
        try fields.encode(evidence.logE, forKey: .log_e)
        try fields.encode(evidence.maxLogE, forKey: .max_log_e)
        try fields.encode(evidence.barLogE, forKey: .bar)
        try fields.encode(evidence.verdict.rawValue, forKey: .verdict)
        let errors = evidence.parts.first
        // What is not known is null, so that every line has the same fields.
        try fields.encode(errors?.baseline.rate, forKey: .baseline)
        try fields.encode(errors?.canary.rate, forKey: .canary)
        try fields.encode(errors?.ratio, forKey: .ratio)
        try fields.encode(errors?.ratioLow, forKey: .ratio_low)
        try fields.encode(errors?.ratioHigh, forKey: .ratio_high)
        try fields.encode(evidence.needed?.requests, forKey: .requests_needed)
        try fields.encode(evidence.needed?.seconds, forKey: .seconds_needed)
        if !slow.isEmpty { try fields.encode(slow, forKey: .slow) }
        let nulls = evidence.nulls.map {
            Null(ratio: $0.ratio, log_e: $0.logE, max_log_e: $0.maxLogE, bar: $0.barLogE)
        }
        if nulls.count > 1 { try fields.encode(nulls, forKey: .nulls) }
    }

    private var slow: [Slow] {
        evidence.parts.compactMap { part in
            guard case .slowerThan(let seconds) = part.event else { return nil }
            return Slow(
                slower_than: seconds, log_e: part.logE, baseline: part.baseline.rate, canary: part.canary.rate,
                ratio: part.ratio)
        }
    }

    /// On one line, fields in alphabetical order: the same numbers give the same text.
    ///
    /// - Throws: ``InputError`` when a number has left the range that JSON can represent.
    func json() throws(InputError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            throw InputError("the evidence is no longer a finite number; check 't', 'phi' and the counts")
        }
    }
}
