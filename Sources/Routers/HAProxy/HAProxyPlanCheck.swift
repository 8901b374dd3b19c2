/// Refuses names that the runtime socket would read as something else. The socket's language has no quoting worth
/// trusting: `;` and a line end begin the next command, white space the next argument, `\` escapes, `<<` begins a
/// payload.
enum HAProxyPlanCheck {
    /// The runtime sockets of the plan, in order.
    static func sockets(_ texts: [String]) throws(RouterPlanError) -> [RuntimeConsole] {
        guard !texts.isEmpty else {
            throw RouterPlanError("no socket is named; write socket: /run/haproxy/admin.sock")
        }
        var found: [RuntimeConsole] = []
        for text in texts {
            let address = try RuntimeAddress(text)
            guard !found.contains(where: { $0.name == text }) else {
                throw RouterPlanError("the socket \(text) is named twice")
            }
            found.append(RuntimeConsole(name: text, address: address))
        }
        return found
    }

    /// A backend's or a server's name: what HAProxy's own configuration allows (`invalid_char`, section 2.2).
    static func name(_ text: String, what: String) throws(RouterPlanError) {
        guard !text.isEmpty, text.utf8.count <= 200, text.utf8.allSatisfy(isNameByte) else {
            throw RouterPlanError(
                "\(what) \"\(ShownText.line(text, limit: 80))\" is no HAProxy name: letters, digits, '-', '_', '.' and ':'"
            )
        }
    }

    /// A map's file or key: one argument.
    static func argument(_ text: String, what: String) throws(RouterPlanError) {
        let isWord = text.unicodeScalars.allSatisfy { scalar in
            scalar.value > 0x20 && scalar.value != 0x7F && !scalar.properties.isWhitespace
                && !";\\<\"'".unicodeScalars.contains(scalar)
        }
        guard isWord, (1...1_000).contains(text.utf8.count) else {
            throw RouterPlanError(
                "\(what) \"\(ShownText.line(text, limit: 80))\" cannot be sent to the runtime socket:"
                    + " 1 to 1000 bytes without spaces, line breaks, ';', '\\', '<' and quotes")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_.:".utf8.contains(byte)
        }
    }
}

/// The servers of the two pools in one backend.
struct HAProxyPools: Sendable, Equatable {
    let backend: String
    let baseline: [String]
    let canary: [String]
    let isSticky: Bool

    init(backend: String, baseline: [String], canary: [String], isSticky: Bool) throws(RouterPlanError) {
        try HAProxyPlanCheck.name(backend, what: "the backend")
        guard !baseline.isEmpty else { throw RouterPlanError("servers.baseline names no server") }
        guard !canary.isEmpty else { throw RouterPlanError("servers.canary names no server") }
        var seen: Set<String> = []
        for server in baseline + canary {
            try HAProxyPlanCheck.name(server, what: "the server")
            guard seen.insert(server).inserted else {
                throw RouterPlanError("the server \(server) is named twice; a server belongs to one pool, once")
            }
        }
        self.backend = backend
        self.baseline = baseline
        self.canary = canary
        self.isSticky = isSticky
    }
}

/// The entry of a map that holds the percentage.
struct HAProxyMapEntry: Sendable, Equatable {
    let file: String
    let key: String

    init(file: String, key: String) throws(RouterPlanError) {
        try HAProxyPlanCheck.argument(file, what: "the map file")
        try HAProxyPlanCheck.argument(key, what: "the map key")
        // `set map @3 …` would name a version, `#3` a number that a changed configuration gives to another map.
        guard !file.hasPrefix("@"), !file.hasPrefix("#"), !key.hasPrefix("#") else {
            throw RouterPlanError("the map file and its key must not begin with '@' or '#': \(file) \(key)")
        }
        self.file = file
        self.key = key
    }

    static func all(file: String, keys: [String]) throws(RouterPlanError) -> [HAProxyMapEntry] {
        guard keys.count >= 2, Set(keys).count == keys.count, keys.count <= 100 else {
            throw RouterPlanError("map.keys must be 2 to 100 different keys; for one there is map.key")
        }
        var entries: [HAProxyMapEntry] = []
        for key in keys { entries.append(try HAProxyMapEntry(file: file, key: key)) }
        return entries
    }
}
