import Foundation
package import Model
package import SourceCalls
import Support

/// A manifest as it is stored in a centre:
///
///     {"schema":1,"revision":42,"author":"ci","reason":"…","files":{"rules/checkout.yaml":"sha256:…"}}
package enum ManifestText {
    private struct Stored: Codable {
        var schema: Int
        var revision: Int64
        var author: String?
        var reason: String?
        var force: Bool?
        var files: [String: String]
    }

    /// - Throws: ``SourceError`` for what is not a manifest of this version.
    package static func parse(_ bytes: [UInt8]) throws(SourceError) -> CentreManifest {
        let stored = try AnswerJSON.decode(Stored.self, bytes, of: "the manifest")
        guard stored.schema == 1 else { throw SourceError("the manifest has the schema \(stored.schema), not 1") }
        guard stored.revision > 0 else { throw SourceError("the revision of the manifest has to be at least 1") }
        guard !stored.files.isEmpty else { throw SourceError("the manifest lists no files") }
        let files = stored.files.map { TextPair($0.key, $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return CentreManifest(
            revision: stored.revision, author: ForeignText.line(stored.author ?? "", limit: 200),
            reason: ForeignText.line(stored.reason ?? ""), isForced: stored.force ?? false, files: files)
    }

    package static func encode(_ manifest: CentreManifest) -> [UInt8] {
        let stored = Stored(
            schema: 1, revision: manifest.revision, author: manifest.author, reason: manifest.reason,
            force: manifest.isForced ? true : nil,
            files: Dictionary(manifest.files.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        // Texts and whole numbers can always be encoded.
        return (try? encoder.encode(stored)).map { Array($0) } ?? []
    }

    /// Of these files.
    package static func manifest(
        of files: [CentreFile], revision: Int64, author: String, reason: String, isForced: Bool
    ) -> CentreManifest {
        CentreManifest(
            revision: revision, author: author, reason: reason, isForced: isForced,
            files: files.map { TextPair($0.path, CentreDigest.of($0.bytes)) })
    }
}
