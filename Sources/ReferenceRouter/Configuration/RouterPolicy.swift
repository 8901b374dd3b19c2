import Foundation

/// What a configuration centre says of a router: the canary's share, and who gets the canary. What it does not say stays as
/// it is.
package struct RouterPolicy: Sendable, Equatable {
    /// Names of the keys below `policy/NAME/` of a centre.
    package static let shareKey = "share"
    package static let strategyKey = "strategy.json"

    /// Nil leaves it.
    package let canaryBasisPoints: Int?
    /// Nil leaves it.
    package let strategy: GrayRouterConfiguration.Strategy?

    /// Why a value of a centre cannot be used.
    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - share: a percentage with up to two decimals as plain text, `12.5`; nil where there is no such key.
    ///   - strategy: the JSON of `strategy` in a configuration; nil where there is no such key.
    package init(share: [UInt8]?, strategy: [UInt8]?) throws(Invalid) {
        canaryBasisPoints = try share.map { bytes throws(Invalid) in try RouterPolicy.basisPoints(bytes) }
        self.strategy = try strategy.map { bytes throws(Invalid) in try RouterPolicy.strategy(bytes) }
    }

    private static func basisPoints(_ bytes: [UInt8]) throws(Invalid) -> Int {
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let shown = text.prefix(40).filter { $0.isASCII && !$0.isNewline }
        let isPlain =
            !text.isEmpty && text.utf8.count <= 6 && text.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
        guard isPlain, let percent = Double(text), (0...100).contains(percent) else {
            throw Invalid(description: "\(shareKey): '\(shown)' is not a percentage of 0 to 100")
        }
        let rounded = (percent * 100).rounded()
        guard abs(percent * 100 - rounded) < 1e-6 else {
            throw Invalid(description: "\(shareKey): '\(shown)' has more than two decimals")
        }
        return Int(rounded)
    }

    private static func strategy(_ bytes: [UInt8]) throws(Invalid) -> GrayRouterConfiguration.Strategy {
        guard bytes.count <= 65_536 else { throw Invalid(description: "\(strategyKey): larger than 64 KiB") }
        do {
            return try JSONDecoder().decode(GrayRouterConfiguration.Strategy.self, from: Data(bytes))
        } catch { throw Invalid(description: "\(strategyKey): \(text(for: error))") }
    }
}
