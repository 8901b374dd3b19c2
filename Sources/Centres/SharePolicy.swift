import Foundation
package import Model

/// The policy of a release in a centre: the share that it holds, and what of it is refused.
package struct SharePolicy: Sendable, Equatable {
    package static let shareKey = "share"
    /// Of a gray router; no other kind of router takes it.
    private static let strategyKeys = ["strategy.json", "strategy"]

    package let reading: ShareReading
    /// The centre says who gets the canary, which the release's router cannot do.
    package let hasStrategy: Bool

    /// - Parameters:
    ///   - centre: see `Centre.label`.
    ///   - memory: what is known of a value from before.
    package init(_ centre: CentreReading, label: String, memory: (ShareOrder) -> ShareOrder.Memory) {
        hasStrategy = centre.files.contains { SharePolicy.strategyKeys.contains($0.path) }
        guard let file = centre.files.first(where: { $0.path == SharePolicy.shareKey }) else {
            reading = .problem("there is no key '\(SharePolicy.shareKey)'; the share stays as it is")
            return
        }
        guard let share = SharePolicy.basisPoints(file.bytes) else {
            reading = .problem(
                "the key '\(SharePolicy.shareKey)' holds '\(SharePolicy.shown(file.bytes))', which is not a percentage of "
                    + "0 to 100 with up to two decimals; write one such as 12.5")
            return
        }
        var order = ShareOrder(
            basisPoints: share, revision: centre.version(of: file.path), source: label, memory: .nothing,
            sequence: centre.sequence(of: file.path))
        order.memory = memory(order)
        reading = .order(order)
    }

    /// `12.5`, with up to two decimals and blanks around it; nil for everything else.
    package static func basisPoints(_ bytes: [UInt8]) -> Int? {
        let text = String(decoding: bytes.prefix(64), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard bytes.count <= 64, !text.isEmpty, text.utf8.count <= 6 else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), parts.count == 1 || parts[1].count <= 2 else {
            return nil
        }
        guard let percent = Double(text), (0...100).contains(percent) else { return nil }
        return Int((percent * 100).rounded())
    }

    private static func shown(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(40), as: UTF8.self).filter { $0.isASCII && !$0.isNewline }
    }
}

extension CentreReading {
    fileprivate func sequence(of path: String) -> ShareOrder.Sequence {
        if let number = versions[path].flatMap({ UInt64($0) }) { return .number(number) }
        return namesReleases ? .once : .none
    }

    /// Of a key's last change: the number that the centre has for it, or else the part of the revision that is the key's.
    package func version(of path: String) -> String {
        if let version = versions[path] { return version }
        let parts = revision.split(separator: ",")
        guard parts.count == files.count, let index = files.firstIndex(where: { $0.path == path }) else {
            return revision
        }
        return String(parts[index])
    }
}
