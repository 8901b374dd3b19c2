import Foundation

/// The body of `PUT /api/v1/split`: `{"canary_percent": 0}` or `{"canary_basis_points": 0}`, with `new_version` beside
/// it when the baseline's servers run the new version, and `forced` for the route of test users, which may come alone.
struct SplitRequest: Decodable {
    struct Invalid: Error, Equatable {
        let text: String
    }

    /// Nil leaves it.
    let canaryBasisPoints: Int?
    /// Nil leaves it.
    let forced: ForcedTarget?
    /// The side that may be taken out without a disk.
    let newVersion: Version

    static func read(_ body: [UInt8]) throws(Invalid) -> SplitRequest {
        do {
            let request = try JSONDecoder().decode(SplitRequest.self, from: Data(body))
            // A field whose value is a number has two quotes, one whose value is a text four. More are a field given
            // twice, of which the decoder takes one without an error.
            guard body.count(where: { $0 == UInt8(ascii: "\"") }) == request.quotes else {
                throw Invalid(text: "a field is given more than once")
            }
            return request
        } catch let invalid as Invalid {
            throw invalid
        } catch {
            throw Invalid(text: text(for: error))
        }
    }

    /// How many quotes these fields have.
    private let quotes: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case percent = "canary_percent"
        case basisPoints = "canary_basis_points"
        case newVersion = "new_version"
        case forced
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownFields(in: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        quotes = fields.allKeys.reduce(0) { $0 + ([.newVersion, .forced].contains($1) ? 4 : 2) }
        let names = (
            version: fields.contains(.newVersion) ? try fields.decode(String.self, forKey: .newVersion) : nil,
            forced: fields.contains(.forced) ? try fields.decode(String.self, forKey: .forced) : nil
        )
        newVersion = try names.version.map { name throws(Invalid) in try Self.version(name) } ?? .canary
        forced = try names.forced.map { name throws(Invalid) in try Self.target(name) }
        switch (fields.contains(.percent), fields.contains(.basisPoints)) {
        case (true, true): throw Invalid(text: "canary_percent and canary_basis_points exclude each other")
        case (false, false):
            guard forced != nil else { throw Invalid(text: "canary_percent or canary_basis_points is needed") }
            canaryBasisPoints = nil
        case (true, false):
            canaryBasisPoints = try Self.basisPoints(percent: fields.decode(Double.self, forKey: .percent))
        case (false, true):
            let value = try fields.decode(Int.self, forKey: .basisPoints)
            guard (0...10_000).contains(value) else {
                throw Invalid(text: "canary_basis_points: \(value) is outside 0...10000")
            }
            canaryBasisPoints = value
        }
    }

    private static func target(_ name: String) throws(Invalid) -> ForcedTarget {
        guard let target = ForcedTarget(rawValue: name) else {
            throw Invalid(text: "forced: must be \"none\", \"baseline\" or \"canary\"")
        }
        return target
    }

    private static func version(_ name: String) throws(Invalid) -> Version {
        switch name {
        case "baseline": return .baseline
        case "canary": return .canary
        default: throw Invalid(text: "new_version: must be \"baseline\" or \"canary\"")
        }
    }

    /// A percentage with up to two decimals: 0.05 is 5 basis points.
    private static func basisPoints(percent: Double) throws(Invalid) -> Int {
        guard (0...100).contains(percent) else { throw Invalid(text: "canary_percent: outside 0...100") }
        let rounded = (percent * 100).rounded()
        guard abs(percent * 100 - rounded) < 1e-6 else {
            throw Invalid(text: "canary_percent: at most two decimals (the split is kept in basis points)")
        }
        return Int(rounded)
    }
}
