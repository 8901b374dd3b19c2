import ReleaseKernel

/// Reads `kind: caddy`.
struct CaddyReader {
    let folder: ConfigurationFolder

    private static let names = ["kind", "instances", "unix_socket", "id", "upstreams", "method"] + Fields.securityNames

    func caddy(_ field: Field) -> CaddyPlan? {
        guard let fields = field.fields(of: "a caddy router", CaddyReader.names) else { return nil }
        let instances = fields.required("instances")?.instances()
        let id = fields.required("id")?.line(limit: 200)
        if let id, !PoolNames.isName(id) {
            fields["id"]?.fail("\(Quote.value(id)) is no usable id; use letters, digits, '-', '_' and '.'")
        }
        let pools = fields.required("upstreams").flatMap {
            PoolNames.read($0, of: "addresses", isName: PoolNames.isAddress)
        }
        let method = fields["method"]?.choice(CaddyPlan.Method.self)
        let security = fields.security(folder)
        guard let instances, let id, let pools else { return nil }
        return CaddyPlan(
            instances: instances, unixSocket: fields["unix_socket"]?.line(limit: 100).map(folder.wholePath), id: id,
            baseline: pools.baseline, canary: pools.canary, method: method ?? .weights, security: security)
    }
}

/// `{baseline: […], canary: […]}`: the servers of the two versions, each named once.
enum PoolNames {
    static func read(
        _ field: Field, of what: String, isName: (String) -> Bool
    ) -> (baseline: [String], canary: [String])? {
        guard let pools = field.fields(of: field.label, ["baseline", "canary"]) else { return nil }
        let baseline = pools.required("baseline")?.lines(of: what)
        let canary = pools.required("canary")?.lines(of: what)
        guard let baseline, let canary else { return nil }
        var seen: Set<String> = []
        for (name, list) in [("baseline", baseline), ("canary", canary)] {
            for server in list {
                if !isName(server) { pools[name]?.fail("\(Quote.value(server)) is none of the \(what)") }
                if !seen.insert(server).inserted {
                    pools[name]?.fail(
                        "\(Quote.value(server)) stands in \(field.label) twice; it belongs to one version")
                }
            }
        }
        return (baseline, canary)
    }

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
