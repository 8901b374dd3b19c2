import Declarations
import Model

/// `{baseline: […], canary: […]}`: the servers of the two versions, each named once.
struct ServerLists {
    var baseline: [String] = []
    var canary: [String] = []

    /// - Parameters:
    ///   - what: `servers`.
    ///   - refusal: Why a name cannot be used; nil when it can.
    ///   - duplicate: The message for a name that both lists, or one list twice, have.
    static func section(
        of what: String, refusal: @escaping (String) -> String?, duplicate: @escaping (String) -> String
    ) -> Section<ServerLists> {
        Section(
            owner: "a mapping", blank: ServerLists(),
            settings: [
                .required("baseline", \.baseline, .lines(of: what), "\(what) of the old version"),
                .required("canary", \.canary, .lines(of: what), "\(what) of the new version"),
            ],
            hasSides: true,
            finish: { lists, fields in
                var seen: Set<String> = []
                for (name, list) in [("baseline", lists.baseline), ("canary", lists.canary)] {
                    for server in list {
                        if let text = refusal(server) { fields[name]?.fail(text) }
                        if !seen.insert(server).inserted { fields[name]?.fail(duplicate(server)) }
                    }
                }
                return true
            })
    }

    /// Addresses of servers.
    static func addresses(of what: String, field: String) -> Section<ServerLists> {
        section(
            of: what, refusal: { RouterNames.isAddress($0) ? nil : "\(Quote.value($0)) is not a valid address" },
            duplicate: { "\(Quote.value($0)) is listed in '\(field)' twice; it belongs to one version" })
    }
}

/// The characters that names in the configurations of routers may have.
enum RouterNames {
    static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
    }

    /// `host:port`, `[::1]:80`, `unix:/run/a.sock`, `unix//run/a.sock`.
    static func isAddress(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.:[]/".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}

extension PoolPair {
    /// `{baseline: old, canary: new}`: what the pools are called in a router.
    static var form: ValueForm<PoolPair> {
        Section(
            owner: "a mapping", blank: PoolPair(baseline: "", canary: ""),
            settings: [
                .required("baseline", \.baseline, .routerName, "the old version"),
                .required("canary", \.canary, .routerName, "the new version"),
            ],
            hasSides: true,
            finish: { pools, fields in
                guard pools.baseline == pools.canary else { return true }
                fields["canary"]?.fail("\(Quote.value(pools.canary)) is the baseline already; it cannot be both")
                return false
            }
        ).form()
    }
}
