import CBuildStamp

/// Which build this is.
enum BuildStamp {
    /// Abbreviated; nil in a developer's build.
    static let commit = text(rollguard_build_commit())

    /// The UTC date of the commit, `2026-11-28`.
    static let date = text(rollguard_build_date())

    /// What `--version` prints: `rollguard 0.2.0 (commit 36e83c88ab12, 2026-11-28)`.
    static var text: String { describe(version: Rollguard.version, commit: commit, date: date) }

    static func describe(version: String, commit: String?, date: String?) -> String {
        let parts = [commit.map { "commit \($0)" }, date].compactMap { $0 }
        return "rollguard \(version) (\(parts.isEmpty ? "a developer's build" : parts.joined(separator: ", ")))"
    }

    private static func text(_ stored: UnsafePointer<CChar>?) -> String? {
        let text = stored.map { String(cString: $0) } ?? ""
        return text.isEmpty ? nil : text
    }
}
