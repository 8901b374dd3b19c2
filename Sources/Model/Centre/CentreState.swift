/// One file of a configuration centre: a key and its value.
public struct CentreFile: Sendable, Equatable {
    /// Below the prefix of the centre: `releases/checkout.yaml`.
    public var path: String
    public var bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// What a centre's `manifest` claims about the files beside it.
public struct CentreManifest: Sendable, Equatable {
    /// Rises with each change.
    public var revision: Int64
    /// Who made the change, as the manifest says: a claim, because centres do not prove it. Empty when it is not given.
    public var author: String
    public var reason: String
    /// Takes a change that would be refused as a probable error.
    public var isForced: Bool
    /// Path and digest (`sha256:…`) of each file, sorted by path.
    public var files: [TextPair]

    public init(revision: Int64, author: String = "", reason: String = "", isForced: Bool = false, files: [TextPair]) {
        self.revision = revision
        self.author = author
        self.reason = reason
        self.isForced = isForced
        self.files = files
    }
}

/// The content of a configuration centre at one of its revisions.
public struct CentreState: Sendable, Equatable {
    /// See ``CentreSettings/label``.
    public var label: String
    /// As the centre names it: etcd's revision, Consul's index, Apollo's release keys, Nacos' digests.
    public var revision: String
    /// For centres whose revisions have an order; nil where they have none.
    public var order: UInt64?
    /// Of all paths and contents: `sha256:…`.
    public var digest: String
    /// Nil for a centre without one.
    public var manifest: CentreManifest?
    /// Sorted by path, each path once.
    public var files: [CentreFile]

    public init(
        label: String, revision: String, order: UInt64?, digest: String, manifest: CentreManifest?, files: [CentreFile]
    ) {
        self.label = label
        self.revision = revision
        self.order = order
        self.digest = digest
        self.manifest = manifest
        self.files = files
    }

    /// The file at the path.
    public func file(_ path: String) -> CentreFile? { files.first { $0.path == path } }

    /// `changed rules/errors.yaml`, `added …`, `removed …`: how the files differ from those of an earlier state, by path.
    public func differences(from earlier: CentreState?) -> [String] {
        let before = Dictionary(
            (earlier?.files ?? []).map { ($0.path, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        let present = Set(files.map(\.path))
        let changed = files.compactMap { file -> String? in
            guard let bytes = before[file.path] else { return "added \(file.path)" }
            return bytes == file.bytes ? nil : "changed \(file.path)"
        }
        return changed + (earlier?.files ?? []).filter { !present.contains($0.path) }.map { "removed \($0.path)" }
    }
}
