package import Model
package import SourceCalls

/// A configuration centre: keys and values that change while the program runs.
///
/// What callers may rely on:
/// - A reading is whole and of one revision as far as the centre can say so; else it is an error.
/// - ``waitForChange(after:)`` returns in bounded time also when the centre says nothing at all.
/// - No text that comes out holds a secret.
package protocol Centre: Sendable {
    /// See `CentreSettings.label`.
    var label: String { get }
    /// Several files cannot be changed at once, so that only a manifest says which of them belong together.
    var needsManifest: Bool { get }
    /// Nil for a centre that is only read.
    var writer: (any CentreWriter)? { get }

    /// Everything that the centre holds.
    func read() async throws(SourceError) -> CentreReading

    /// Returns soon after a change of the centre, and without one when it is time to read again all the same.
    func waitForChange(after reading: CentreReading) async throws(CancellationError)
}

/// Changes a centre, several keys at once.
package protocol CentreWriter: Sendable {
    /// Keys that one change may write or remove, the manifest included.
    var operationLimit: Int { get }

    /// Writes everything or nothing.
    ///
    /// - Returns: the centre's revision after the change.
    /// - Throws: ``SourceError``, also when the manifest is not the one that the change was made for.
    func write(_ change: CentreChange) async throws(SourceError) -> String

    /// Replaces one key, if it is as it was read.
    ///
    /// - Parameter version: see `CentreReading.versions`.
    /// - Throws: ``SourceError``; with status 409 when the key has changed since.
    func replace(_ file: CentreFile, version: String) async throws(SourceError)
}

/// What a centre held at one moment.
package struct CentreReading: Sendable, Equatable {
    /// As the centre names it.
    package var revision: String
    /// See `CentreState.order`.
    package var order: UInt64?
    /// Of the manifest: what a change compares with. Nil where there is no manifest.
    package var manifestVersion: String?
    /// Below the prefix, sorted by path, with the manifest.
    package var files: [CentreFile]
    /// Of the last change of each key, by path; empty where the centre has no such numbers.
    package var versions: [String: String]
    /// The parts of the revision name releases of which each is in force once.
    package var namesReleases = false

    package init(
        revision: String, order: UInt64? = nil, manifestVersion: String? = nil, files: [CentreFile],
        versions: [String: String] = [:]
    ) {
        self.versions = versions
        self.revision = revision
        self.order = order
        self.manifestVersion = manifestVersion
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

/// A change of a centre.
package struct CentreChange: Sendable {
    package var files: [CentreFile]
    package var removed: [String]
    package var manifest: [UInt8]
    /// Of the manifest that the change replaces; nil creates it.
    package var replacing: String?

    package init(files: [CentreFile], removed: [String], manifest: [UInt8], replacing: String?) {
        self.files = files
        self.removed = removed
        self.manifest = manifest
        self.replacing = replacing
    }
}

/// Names of keys below the prefix of a centre.
package enum CentrePaths {
    package static let manifest = "manifest"
    /// Of one document that holds everything.
    package static let whole = "rollguard.yaml"
    /// Folders of the configuration.
    package static let folders = ["releases/", "rules/", "receivers/"]
    /// Folders beside it, which belong to others.
    static let reserved = ["targets/", "policy/", "status/", "lease/", "incident/"]

    package static func isConfiguration(_ path: String) -> Bool {
        path == whole || folders.contains { path.hasPrefix($0) }
    }

    /// Nil for a path that can be a file of a configuration.
    static func flaw(_ path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = path.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard path.utf8.count <= 500, isPlain, !parts.contains(""), !parts.contains(".."), !parts.contains(".") else {
            return "the key '\(path)' is not a path of letters, digits and signs"
        }
        guard isConfiguration(path) else {
            return "the key '\(path)' is in no folder of a configuration; there are "
                + folders.map { "'\($0)'" }.joined(separator: ", ") + " and the file '\(whole)'"
        }
        return nil
    }
}

/// Bounds of what is taken from a centre.
package enum CentreLimits {
    package static let files = 5_000
    package static let fileBytes = 1 << 20
    package static let totalBytes = 32 << 20
}
