/// A version by SemVer 2.0.0, with a leading `v` allowed. Build metadata takes no part in the order (section 10).
public struct SemanticVersion: Sendable, Equatable {
    private var numbers: [String]
    private var prerelease: [String]

    /// Nil for a text that is no semantic version.
    public init?(_ text: String) {
        let bare = text.hasPrefix("v") ? text.dropFirst() : text[...]
        let withoutBuild = bare.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard let core = withoutBuild.first else { return nil }
        if withoutBuild.count == 2, !SemanticVersion.areIdentifiers(withoutBuild[1], mayHaveLeadingZeros: true) {
            return nil
        }
        let parts = core.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let found = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard found.count == 3, found.allSatisfy(SemanticVersion.isNumber) else { return nil }
        numbers = found
        prerelease = []
        guard parts.count == 2 else { return }
        guard SemanticVersion.areIdentifiers(parts[1], mayHaveLeadingZeros: false) else { return nil }
        prerelease = parts[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    /// Section 11: numbers first; a version with a pre-release part is before the one without.
    public static func isNewer(_ one: SemanticVersion, than other: SemanticVersion) -> Bool {
        for (left, right) in zip(one.numbers, other.numbers) where left != right {
            return isSmaller(number: right, than: left)
        }
        if one.prerelease == other.prerelease { return false }
        if one.prerelease.isEmpty || other.prerelease.isEmpty { return one.prerelease.isEmpty }
        for (left, right) in zip(one.prerelease, other.prerelease) where left != right {
            switch (isDigits(left), isDigits(right)) {
            case (true, true): return isSmaller(number: right, than: left)
            case (true, false): return false
            case (false, true): return true
            case (false, false): return Array(left.utf8).lexicographicallyPrecedes(Array(right.utf8)) == false
            }
        }
        return one.prerelease.count > other.prerelease.count
    }

    /// Numbers of any length, without leading zeros.
    private static func isSmaller(number one: String, than other: String) -> Bool {
        one.utf8.count != other.utf8.count ? one.utf8.count < other.utf8.count : one < other
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func isNumber(_ text: some StringProtocol) -> Bool {
        isDigits(text) && (text.utf8.count == 1 || text.utf8.first != 0x30)
    }

    private static func areIdentifiers(_ text: Substring, mayHaveLeadingZeros: Bool) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let isPlain = part.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == 0x2d
            }
            return !part.isEmpty && isPlain && (mayHaveLeadingZeros || !isDigits(part) || isNumber(part))
        }
    }
}

/// What runs: a version's name and, where it is known, the build (a commit, an image's digest). A latch holds this.
public struct VersionIdentity: Sendable, Equatable, Codable {
    public var version: String
    public var build: String?

    public init(_ version: String, build: String? = nil) {
        self.version = version
        self.build = build
    }

    /// `v1.5.0`, `v1.5.0 (3f2a91c)`.
    public var text: String { build.map { "\(version) (\($0))" } ?? version }

    /// By SemVer's order; a name that is no semantic version is never newer.
    public func isNewer(than other: VersionIdentity) -> Bool {
        guard let mine = SemanticVersion(version), let theirs = SemanticVersion(other.version) else { return false }
        return SemanticVersion.isNewer(mine, than: theirs)
    }

    /// Names that mean another build tomorrow: a latch by name would hold the wrong one.
    public static let mutableNames = ["latest", "stable", "main", "master", "head", "edge", "nightly", "canary", "dev"]

    public var isMutable: Bool { VersionIdentity.mutableNames.contains(version.lowercased()) }
}
