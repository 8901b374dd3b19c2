import Foundation

/// The body of `PUT /api/v1/split`: `{"canary_percent": 0}` or `{"canary_basis_points": 0}`.
struct SplitRequest: Decodable {
    struct Invalid: Error, Equatable {
        let text: String
    }

    let canaryBasisPoints: Int

    static func read(_ body: [UInt8]) throws(Invalid) -> SplitRequest {
        do {
            let request = try JSONDecoder().decode(SplitRequest.self, from: Data(body))
            // One field whose value is a number has two quotes. More are a field given twice, of which the decoder takes
            // one without an error.
            guard body.count(where: { $0 == UInt8(ascii: "\"") }) == 2 else {
                throw Invalid(text: "a field is given more than once")
            }
            return request
        } catch let invalid as Invalid {
            throw invalid
        } catch {
            throw Invalid(text: text(for: error))
        }
    }

    enum CodingKeys: String, CodingKey {
        case percent = "canary_percent"
        case basisPoints = "canary_basis_points"
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownFields(in: decoder, known: ["canary_percent", "canary_basis_points"])
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        switch (fields.contains(.percent), fields.contains(.basisPoints)) {
        case (true, true): throw Invalid(text: "canary_percent and canary_basis_points exclude each other")
        case (false, false): throw Invalid(text: "canary_percent or canary_basis_points is needed")
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
