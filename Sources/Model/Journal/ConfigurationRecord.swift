/// A change of the configuration centre, taken or refused, for the journal. Lists and texts are bounded.
public struct ConfigurationRecord: Sendable, Equatable, Codable {
    /// Changed files, and problems, that are kept.
    public static let listLimit = 20
    /// Characters of a text.
    public static let textLimit = 500

    public enum Outcome: String, Sendable, Equatable, Codable {
        /// In force from now on.
        case applied
        /// The configuration before it stays in force.
        case refused
    }

    public var outcome: Outcome
    /// Where it comes from: `etcd:/rollguard/v1/`.
    public var source: String
    /// The centre's own revision.
    public var revision: String
    /// Of all files: `sha256:…`.
    public var digest: String
    /// From the manifest; nil without one.
    public var manifestRevision: Int64?
    /// As the manifest claims; centres do not prove it.
    public var author: String?
    public var reason: String?
    /// `changed rules/errors.yaml`.
    public var files: [String]
    /// What changes in the configuration in force: `checkout: canary v1.5.0 -> v1.6.0`.
    public var changes: String
    /// Why it was refused, one headline for each problem.
    public var problems: [String]
    /// What an operator of this host ordered: `pinned`, `unpinned`, `detached` or `attached`; nil for a change of the centre.
    public var order: String?
    /// Who ordered it, and why.
    public var ordered: CentreBrake.Order?

    public init(
        outcome: Outcome, state: CentreState, files: [String], changes: String = "", problems: [String] = []
    ) {
        self.outcome = outcome
        source = state.label
        revision = String(state.revision.prefix(Self.textLimit))
        digest = state.digest
        manifestRevision = state.manifest?.revision
        author = state.manifest.map { String($0.author.prefix(Self.textLimit)) }.flatMap { $0.isEmpty ? nil : $0 }
        reason = state.manifest.map { String($0.reason.prefix(Self.textLimit)) }.flatMap { $0.isEmpty ? nil : $0 }
        self.files = Self.bounded(files)
        self.changes = String(changes.prefix(Self.textLimit))
        self.problems = Self.bounded(problems)
    }

    /// `pinned by ann ("bad push"): configuration from etcd:/rollguard/v1/ at revision 41; checkout: changed rules A`
    private func orderText(_ order: String, _ origin: String) -> String {
        let who = ordered.map { " \($0.text)" } ?? ""
        return "\(order)\(who): configuration from \(origin)" + (changes.isEmpty ? "" : "; \(changes)")
    }

    private static func bounded(_ texts: [String]) -> [String] {
        let kept = texts.prefix(listLimit).map { String($0.prefix(textLimit)) }
        return texts.count > listLimit ? kept + ["and \(texts.count - listLimit) more"] : kept
    }

    /// `etcd:/rollguard/v1/ at revision 42, by ci ("raise the limit"): changed rules/errors.yaml`
    public var text: String {
        let claims = [author.map { "by \($0)" }, reason.map { "(\"\($0)\")" }].compactMap(\.self)
        let origin = (["\(source) at revision \(revision)"] + (claims.isEmpty ? [] : [claims.joined(separator: " ")]))
            .joined(separator: ", ")
        if let order, outcome == .applied { return orderText(order, origin) }
        let what = files.isEmpty ? "no file differs" : files.joined(separator: ", ")
        switch outcome {
        case .applied: return "configuration from \(origin): \(what)" + (changes.isEmpty ? "" : "; \(changes)")
        case .refused:
            return "configuration from \(origin) refused: \(what); " + problems.joined(separator: "; ")
        }
    }
}
