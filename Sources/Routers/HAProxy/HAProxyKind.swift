import Declarations
import Model
import Ports

/// HAProxy through its runtime socket.
enum HAProxyKind: DrivenRouterKind {
    typealias Plan = HAProxyPlan

    struct Settings {
        var sockets: [String] = []
        var backend: String?
        var servers: ServerLists?
        var sticky = false
        var map: Map?
    }

    struct Map {
        var file = ""
        var key: String?
        var keys: [String]?
        var forced: String?
    }

    static func section(_ context: RouterContext) -> Section<Settings> {
        Section(
            owner: "a haproxy router", blank: Settings(),
            settings: [sockets(context.folder)] + weights + [
                Setting.optional(
                    "map", \.map, map.form(), "instead of `backend`: a percentage in a map, read per request"
                ).reading { fields, settings in
                    guard fields.has("map") else { return true }
                    for name in ["backend", "servers", "sticky"] where fields.has(name) {
                        fields[name]?.fail(
                            "'\(name)' and 'map' exclude each other: with a map, HAProxy chooses per request")
                    }
                    settings.map = fields["map"].flatMap(map.form().read)
                    return settings.map != nil
                }
            ], exactlyOne: [["socket", "sockets"]])
    }

    private static var weights: [Setting<Settings>] {
        let servers = ServerLists.section(
            of: "servers",
            refusal: { isName($0) ? nil : "\(Quote.value($0)) is not a valid server name; \(nameRule)" },
            duplicate: { "server \(Quote.value($0)) is listed in 'servers' twice; it belongs to one version" })
        let backend = ValueForm.line(limit: 200, "name").checked { name, field in
            if !isName(name) { field.fail("\(Quote.value(name)) is not a valid backend name; \(nameRule)") }
            return name
        }
        func withoutMap(_ fields: Fields) -> Bool { !fields.has("map") }
        return [
            .needed(
                "backend", \.backend, backend, when: withoutMap, shownDefault: "required without `map`",
                "the backend that has the servers of both versions"),
            .needed(
                "servers", \.servers, servers.form(), when: withoutMap, shownDefault: "required without `map`",
                "the servers of the two versions"),
            Setting.value(
                "sticky", \.sticky, .bool,
                "clients hold cookies: a share of 0 also puts the canary's servers into maintenance"
            ).written { $0.map == nil },
        ]
    }

    private static func sockets(_ folder: ConfigurationFolder) -> Setting<Settings> {
        Setting(
            names: ["socket", "sockets"], summary: "path or `host:port`; a list of them",
            shownDefault: .text("required"),
            sentence: "runtime sockets, one per instance",
            properties: [("socket", .scalar), ("sockets", .array(of: .scalar, least: 1))],
            read: { fields, settings in
                guard let sockets = read(fields, folder) else { return false }
                settings.sockets = sockets
                return true
            },
            write: { [("sockets", .list($0.sockets.map { .text($0) }))] })
    }

    private static func read(_ fields: Fields, _ folder: ConfigurationFolder) -> [String]? {
        // `host:port` stays as it is; anything else is a path.
        func path(_ written: String) -> String {
            let isAddress = !written.contains("/") && (try? HostPort(written).port) != nil
            return isAddress ? written : folder.wholePath(written)
        }
        if fields.has("socket") { return fields["socket"]?.line().map { [path($0)] } }
        guard let field = fields["sockets"], let lines = field.lines(of: "sockets") else { return nil }
        var seen: Set<String> = []
        for line in lines where !seen.insert(path(line)).inserted {
            field.fail("\(Quote.value(line)) is listed in 'sockets' twice")
        }
        return lines.map(path)
    }

    // MARK: A map

    /// The file's name is HAProxy's own: it is part of a command, and is never opened by Rollguard.
    private static var map: Section<Map> {
        Section(
            owner: "'map'", blank: Map(),
            settings: [
                .required("file", \.file, argument(limit: 1_000), "the map's name in HAProxy; not completed"),
                .optional("key", \.key, argument(limit: 200), "the entry that holds the canary's percentage"),
                .optional("keys", \.keys, keys, "2 to 100 entries, all set in one step"),
                .optional(
                    "forced", \.forced, argument(limit: 200),
                    "beside `key`: the entry that opens the [route of test users](#haproxy-by-a-map)"),
            ], exactlyOne: [["key", "keys"]],
            finish: { map, fields in
                guard map.forced != nil, map.keys != nil || map.forced == map.key else { return true }
                fields["forced"]?.fail("'forced' belongs to a map with one 'key', and is another entry than that one")
                return false
            })
    }

    private static func argument(limit: Int) -> ValueForm<String> {
        ValueForm.line(limit: limit).checked { argument, field in
            if !isArgument(argument) { refuseArgument(field) }
            return argument
        }
    }

    private static var keys: ValueForm<[String]> {
        ValueForm.lines(of: "keys").checked { keys, field in
            for key in keys where !isArgument(key) { refuseArgument(field) }
            if keys.count < 2 { field.fail("'keys' has one key; write it as 'key'") }
            if keys.count > 100 { field.fail("'keys' has more than 100 keys") }
            if Set(keys).count < keys.count { field.fail("a key is listed in 'keys' twice") }
            return keys
        }
    }

    private static func refuseArgument(_ field: Field) {
        field.fail(
            "\(field.label) must have no blanks, quotes, ';', '\\' or '<', and must not begin with '#' or '@'")
    }

    private static let nameRule = "use letters, digits, '-', '_', '.' and ':'"

    /// What HAProxy's configuration allows (section 2.2 of its manual, "invalid_char").
    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_.:".utf8.contains(byte)
        }
    }

    /// These values are put into lines of HAProxy's command language, which knows no quoting. `#3` and `@3` would name
    /// another map after a change of its configuration.
    private static func isArgument(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first != "#", first != "@" else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && !";\\<\"'".unicodeScalars.contains(scalar)
        }
    }

    // MARK: The plan

    static func plan(_ settings: Settings) -> HAProxyPlan? {
        let mode: HAProxyPlan.Mode
        if let map = settings.map {
            mode = map.keys.map { .mapKeys(file: map.file, keys: $0) } ?? .map(file: map.file, key: map.key ?? "")
        } else if let backend = settings.backend, let servers = settings.servers {
            mode = .weights(
                backend: backend, baseline: servers.baseline, canary: servers.canary, sticky: settings.sticky)
        } else {
            return nil
        }
        return HAProxyPlan(sockets: settings.sockets, mode: mode, forcedKey: settings.map?.forced)
    }

    static func settings(_ plan: HAProxyPlan) -> Settings {
        switch plan.mode {
        case .weights(let backend, let baseline, let canary, let sticky):
            let servers = ServerLists(baseline: baseline, canary: canary)
            return Settings(sockets: plan.sockets, backend: backend, servers: servers, sticky: sticky)
        case .map(let file, let key):
            let map = Map(file: file, key: key, forced: plan.forcedKey)
            return Settings(sockets: plan.sockets, map: map)
        case .mapKeys(let file, let keys): return Settings(sockets: plan.sockets, map: Map(file: file, keys: keys))
        }
    }

    static func driver(_ plan: HAProxyPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        let sockets = try HAProxyPlanCheck.sockets(plan.sockets)
        switch plan.mode {
        case .weights(let backend, let baseline, let canary, let sticky):
            let sides = setup.aim.sides(baseline, canary)
            let pools = try HAProxyPools(
                backend: backend, baseline: sides.baseline, canary: sides.canary, isSticky: sticky)
            return HAProxyWeightsDriver(sockets: sockets, pools: pools, growth: setup.growth)
        case .map(let file, let key):
            let forced = try plan.forcedKey.map { key throws(RouterPlanError) in
                try HAProxyMapEntry(file: file, key: key)
            }
            return HAProxyMapDriver(
                sockets: sockets, entry: try HAProxyMapEntry(file: file, key: key), forced: forced, aim: setup.aim)
        case .mapKeys(let file, let keys):
            return HAProxyMapKeysDriver(
                sockets: sockets, file: file, entries: try HAProxyMapEntry.all(file: file, keys: keys),
                aim: setup.aim)
        }
    }
}
