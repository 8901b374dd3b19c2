/// One server of `show stat`, the fields that matter for a split.
///
/// Source: HAProxy management guide, section 9.1 "CSV format".
struct ServerStatistics: Sendable, Equatable {
    let name: String
    /// `UP`, `UP 1/3` (about to go down), `no check`, `DOWN`, `DOWN 1/2`, `NOLB`, `MAINT`, `MAINT (via be/a)`, `DRAIN`…
    let status: String
    /// Effective: less than the configured one while `slowstart` is under way.
    let weight: Int
    let isBackup: Bool

    /// Up, and not taken out by an operator. NOLB and DRAIN serve sticky clients alone.
    var isHealthy: Bool { status.hasPrefix("UP") || status == "no check" }

    /// Out of use as a rollback and a share of everything leave a server with sticky clients. HAProxy does not check the
    /// health of a server in maintenance, so nothing is known of it.
    var isParked: Bool { status == "MAINT" && weight == 0 }

    /// Serves clients that hold its cookie, whatever its weight.
    var servesStickyClients: Bool { !status.hasPrefix("MAINT") && !status.hasPrefix("DOWN") }

    /// Gets new clients, if no backup is meant.
    var takesTraffic: Bool { takesNewClients && weight > 0 }

    /// A status that is not known counts as open: the canary must not appear gone because of a new status.
    private var takesNewClients: Bool {
        !["MAINT", "DOWN", "DRAIN", "NOLB"].contains { status.hasPrefix($0) }
    }
}

/// A backend as `show stat BACKEND 6 -1` prints it.
struct BackendStatistics: Sendable, Equatable {
    let servers: [ServerStatistics]
    /// The backend's cookie; nil without one, or when the socket's level hides it.
    let cookie: String?

    /// Why a text is no statistics.
    struct Unreadable: Error, Equatable {
        let reason: String
    }

    /// - Parameter backend: rows of other proxies are left out.
    init(_ csv: String, backend: String) throws(Unreadable) {
        var rows = CommaSeparated.rows(csv)
        guard let header = rows.first, header.first == "# pxname" else {
            throw Unreadable(reason: ShownText.line(csv, limit: 200))
        }
        rows.removeFirst()
        let columns = Columns(header)
        guard let svname = columns["svname"], let status = columns["status"], let weight = columns["weight"] else {
            throw Unreadable(reason: "show stat has no columns svname, status and weight")
        }
        var servers: [ServerStatistics] = []
        var cookie: String?
        for row in rows where row.first == backend && row.count > max(svname, status, weight) {
            switch columns.value("type", row) {
            case "1": cookie = columns.value("cookie", row).flatMap { $0.isEmpty ? nil : $0 }
            case "2":
                guard let number = Int(row[weight]), number >= 0 else {
                    throw Unreadable(
                        reason: "the weight of \(row[svname]) is \"\(ShownText.line(row[weight], limit: 40))\"")
                }
                let isBackup = columns.value("bck", row) == "1"
                servers.append(
                    ServerStatistics(name: row[svname], status: row[status], weight: number, isBackup: isBackup))
            default: break
            }
        }
        self.servers = servers
        self.cookie = cookie
    }

    /// Columns by name: their order has changed between versions.
    private struct Columns {
        private let indexes: [String: Int]

        init(_ header: [String]) {
            indexes = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }

        subscript(_ name: String) -> Int? { indexes[name] }

        func value(_ name: String, _ row: [String]) -> String? {
            guard let index = indexes[name], row.indices.contains(index) else { return nil }
            return row[index]
        }
    }
}

/// RFC 4180: a field in quotes may hold commas and line breaks (a health check's answer does).
enum CommaSeparated {
    static func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false
        func endField() {
            row.append(field)
            field = ""
        }
        for character in text.unicodeScalars {
            switch (character, isQuoted) {
            // A doubled quote inside quotes opens them again and means itself.
            case ("\"", true): isQuoted = false
            case ("\"", false):
                if !field.isEmpty { field.unicodeScalars.append(character) }
                isQuoted = true
            case (",", false): endField()
            case ("\n", false):
                endField()
                if row != [""] { rows.append(row) }
                row = []
            default: field.unicodeScalars.append(character)
            }
        }
        if !field.isEmpty || !row.isEmpty {
            endField()
            rows.append(row)
        }
        return rows
    }
}
