import ConfigurationFiles
import Daemon
import Foundation
import Model

/// The configuration in force with the origin of each value, for `rollguard check --effective`.
enum EffectiveDocument {
    private struct Document: Encodable {
        /// What of a configuration centre is in it; absent without one.
        var centre: String?
        var values: [Value]
    }

    private struct Value: Encodable {
        struct Origin: Encodable {
            /// `file`, `centre`, `preset` or `default`.
            var kind: String
            var file: String?
            var line: Int?
            var revision: String?
            var variable: String?
        }

        var path: String
        var value: String
        var origin: Origin
    }

    /// It loads to the same plan, except for what is masked.
    static func yaml(of plan: Plan, sources: WrittenValues, centre: CheckedCentre?) -> String {
        let header = centre.map { "# \($0.text)\n" } ?? ""
        return header + Rulebook.effectiveYAML(of: plan, kinds: .all, sources: sources)
    }

    static func json(of plan: Plan, sources: WrittenValues, centre: CheckedCentre?) -> String {
        let values = Rulebook.effectiveValues(of: plan, kinds: .all, sources: sources).map {
            Value(path: $0.path, value: $0.value, origin: origin($0.origin))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        // Texts and whole numbers can always be encoded.
        let bytes = try? encoder.encode(Document(centre: centre?.text, values: values))
        return String(decoding: bytes ?? Data(), as: UTF8.self)
    }

    private static func origin(_ origin: ValueOrigin) -> Value.Origin {
        switch origin {
        case .file(let path, let line, let revision, let variable):
            Value.Origin(
                kind: revision == nil ? "file" : "centre", file: path, line: line, revision: revision,
                variable: variable)
        case .preset(let path, let line): Value.Origin(kind: "preset", file: path, line: line)
        case .byDefault: Value.Origin(kind: "default")
        }
    }
}
