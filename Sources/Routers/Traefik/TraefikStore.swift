import Model

/// Where Traefik reads its dynamic configuration. Only the two weights are written, never a name: a name that does not
/// exist disables the whole service, which is a 404 for everybody.
protocol TraefikStore: Sendable {
    /// For routers that fetch: whatever has to be there before they come.
    func open() async throws(Refusal)
    func set(_ weights: WeightPair, split: Split, deadline: Deadline) async throws(Refusal)
    /// The call as people may see it.
    func shown(_ weights: WeightPair) -> String
}

extension TraefikStore {
    func open() async throws(Refusal) {}
}

/// The file provider.
struct TraefikFileStore: TraefikStore {
    let file: WeightedFile

    func set(_ weights: WeightPair, split: Split, deadline: Deadline) async throws(Refusal) {
        try await file.set(weights)
    }

    func shown(_ weights: WeightPair) -> String { file.shown(weights) }
}

/// The HTTP provider: the daemon serves the file at `/` and its name.
struct TraefikPullStore: TraefikStore {
    let file: WeightedFile
    let seat: PullSeat

    func open() async throws(Refusal) {
        let path = file.path
        let name = path.split(separator: "/").last.map(String.init) ?? path
        _ = try await seat.document("/\(name)", file: path) { ServedFile(file: path) }
    }

    func set(_ weights: WeightPair, split: Split, deadline: Deadline) async throws(Refusal) {
        // The file first: a port that is taken does not keep it from being right.
        try await file.set(weights)
        try await open()
    }

    func shown(_ weights: WeightPair) -> String { file.shown(weights) + "; Traefik fetches it" }
}

/// The etcd provider: `ROOT/http/services/SERVICE/weighted/services/N/name` and `…/weight`.
struct TraefikEtcdStore: TraefikStore {
    let client: EtcdClient
    let prefix: String
    let pools: PoolPair

    func set(_ weights: WeightPair, split: Split, deadline: Deadline) async throws(Refusal) {
        try await ConflictRetry.run(split, deadline: deadline) { isLast throws(Refusal) in
            let entries = try await client.range(key: prefix, isPrefix: true, deadline: deadline)
            let names = [(pools.baseline, weights.baseline), (pools.canary, weights.canary)]
            var puts: [(key: String, value: String)] = []
            var guards: [EtcdClient.Entry] = []
            for (name, weight) in names {
                let found = entries.first { $0.key.hasSuffix("/name") && $0.value == name }
                guard let found else { throw missing(name, entries) }
                let key = String(found.key.dropLast("name".count)) + "weight"
                puts.append((key, String(weight)))
                guards.append(found)
                if let old = entries.first(where: { $0.key == key }) { guards.append(old) }
            }
            // The names are guarded even in the last attempt of a rollback; the numbers are not.
            let isForced = isLast && split == .allBaseline
            let unchanged = isForced ? guards.filter { $0.key.hasSuffix("/name") } : guards
            try await client.put(puts, ifUnchanged: unchanged, deadline: deadline)
        }
    }

    func shown(_ weights: WeightPair) -> String {
        "txn at \(client.name), if the names under \(prefix) are as they were read: put the weights "
            + "\(pools.baseline) \(weights.baseline), \(pools.canary) \(weights.canary)"
    }

    private func missing(_ name: String, _ entries: [EtcdClient.Entry]) -> Refusal {
        let names = entries.filter { $0.key.hasSuffix("/name") }.map(\.value)
        return TraefikNames.missing(name, prefix: prefix, names)
    }
}

enum TraefikNames {
    static func missing(_ name: String, prefix: String, _ names: [String]) -> Refusal {
        let shown = names.isEmpty ? "there are no names at all" : "there are \(names.joined(separator: ", "))"
        return Refusal(
            .rejected, "no service under \(prefix) has the name \(name); \(ShownText.line(shown, limit: 300))")
    }
}

/// The Redis provider, with the same tree of keys.
struct TraefikRedisStore: TraefikStore {
    let client: RedisClient
    let prefix: String
    let pools: PoolPair

    /// One script, so that the names cannot change between reading and writing. Answers the names when one is missing.
    private static let script = """
        local names, at = {}, {}
        for i = 0, 63 do
          local name = redis.call('GET', ARGV[1] .. i .. '/name')
          if name then
            names[#names + 1] = name
            at[name] = i
          end
        end
        local b, c = at[ARGV[2]], at[ARGV[4]]
        if b == nil or c == nil then return names end
        redis.call('SET', ARGV[1] .. b .. '/weight', ARGV[3])
        redis.call('SET', ARGV[1] .. c .. '/weight', ARGV[5])
        return 'OK'
        """

    func set(_ weights: WeightPair, split: Split, deadline: Deadline) async throws(Refusal) {
        let arguments = [
            prefix, pools.baseline, String(weights.baseline), pools.canary, String(weights.canary),
        ]
        switch try await client.run(["EVAL", TraefikRedisStore.script, "0"] + arguments, deadline: deadline) {
        case .text("OK"): return
        case .list(let names):
            let known = names.compactMap { if case .text(let name) = $0 { name } else { nil } }
            let name = known.contains(pools.baseline) ? pools.canary : pools.baseline
            throw TraefikNames.missing(name, prefix: prefix, known)
        case let other: throw Refusal(.unknown, "\(client.name) answered \(ShownText.line("\(other)", limit: 100))")
        }
    }

    func shown(_ weights: WeightPair) -> String {
        "EVAL at \(client.name): SET the weights under \(prefix) of the names \(pools.baseline) to "
            + "\(weights.baseline), \(pools.canary) to \(weights.canary)"
    }
}
