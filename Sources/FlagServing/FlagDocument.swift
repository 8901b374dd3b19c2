import Foundation

/// A document of flags for flagd (flagd.dev, flag definitions) that applications can use.
package struct FlagDocument: Sendable {
    /// What of a flag is compared and answered.
    struct Flag: Sendable {
        /// Nil where an application takes the value in its code.
        let variant: String?
        /// The value of the variant as JSON text; nil without one.
        let value: String?
        let isEnabled: Bool
        let hasTargeting: Bool

        /// `on`, `off and targeting`, `disabled`.
        var text: String {
            guard isEnabled else { return "disabled" }
            return (variant ?? "no variant") + (hasTargeting ? " and targeting" : "")
        }
    }

    /// Why a document is not served.
    package struct Refusal: Error, Sendable, Equatable {
        package let reason: String
    }

    /// As it is in the file.
    let text: [UInt8]
    /// Changes with the text; for `ETag`.
    let revision: String
    let flags: [String: Flag]

    /// - Throws: what keeps an application from using it.
    package init(_ bytes: [UInt8]) throws(Refusal) {
        let parsed: Any
        do { parsed = try JSONSerialization.jsonObject(with: Data(bytes)) } catch {
            throw Refusal(reason: "it is not JSON: \(Self.place(of: error))")
        }
        guard let document = parsed as? [String: Any], let entries = document["flags"] as? [String: Any] else {
            throw Refusal(reason: "it has no object 'flags'")
        }
        var flags: [String: Flag] = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            flags[name] = try Self.flag(entry, named: name)
        }
        self.flags = flags
        text = bytes
        revision = Self.digest(bytes)
    }

    /// What differs from an older document: `new-checkout: on -> off`; in the order of the names.
    package func changes(since older: FlagDocument?) -> [String] {
        guard let older else { return [] }
        let names = Set(flags.keys).union(older.flags.keys).sorted()
        return names.compactMap { name in
            let (before, after) = (older.flags[name]?.text ?? "absent", flags[name]?.text ?? "removed")
            return before == after ? nil : "\(name): \(before) -> \(after)"
        }
    }

    private static func flag(_ entry: Any, named name: String) throws(Refusal) -> Flag {
        guard let definition = entry as? [String: Any], let variants = definition["variants"] as? [String: Any] else {
            throw Refusal(reason: "the flag '\(name)' has no object 'variants'")
        }
        let variant = definition["defaultVariant"] as? String
        if let variant, variants[variant] == nil {
            throw Refusal(reason: "the flag '\(name)' has no variant '\(variant)', which is its 'defaultVariant'")
        }
        // The providers need it, and refuse the whole document without it.
        let state = definition["state"] as? String ?? "missing"
        guard state == "ENABLED" || state == "DISABLED" else {
            throw Refusal(reason: "the 'state' of the flag '\(name)' is neither ENABLED nor DISABLED, but \(state)")
        }
        let targeting = definition["targeting"] as? [String: Any] ?? [:]
        return Flag(
            variant: variant, value: variant.flatMap { variants[$0] }.flatMap(json), isEnabled: state == "ENABLED",
            hasTargeting: !targeting.isEmpty)
    }

    static func json(_ value: Any) -> String? {
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
        return data.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func place(of error: any Error) -> String {
        (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String ?? "it cannot be parsed"
    }

    /// FNV-1a of 64 bits: equal text is equal, and that is all that a reader of an `ETag` may conclude.
    private static func digest(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
