import Model

/// What a backend's statistics mean for the two pools.
struct BackendReading: Sendable {
    private var share: Int?
    private var notes: [String] = []
    private var isBaselineHealthy: Bool?
    /// Set to false by a baseline server that the backend does not have: no share can be set on it, and in a rollback it
    /// would not carry its part.
    private var isWritable: Bool?

    init(_ answer: String, pools: HAProxyPools) {
        do {
            read(try BackendStatistics(answer, backend: pools.backend), pools)
        } catch {
            let isUnknown = error.reason.hasPrefix("No such proxy")
            notes = ["show stat \(pools.backend): \(error.reason)\(isUnknown ? " (the backend's name is wrong)" : "")"]
        }
    }

    func observation(instance: String) -> RouterObservation {
        RouterObservation(
            instance: instance, canaryBasisPoints: share, level: .loaded,
            problem: notes.isEmpty ? nil : ShownText.line(notes.joined(separator: "; ")),
            baselineHealthy: isBaselineHealthy, isWritable: isWritable)
    }

    private mutating func read(_ backend: BackendStatistics, _ pools: HAProxyPools) {
        let missing = (pools.canary + pools.baseline).filter { name in !backend.servers.contains { $0.name == name } }
        if !missing.isEmpty {
            notes.append("the backend \(pools.backend) has no server \(missing.joined(separator: ", "))")
        }
        if missing.contains(where: pools.baseline.contains) { isWritable = false }
        let baseline = backend.servers.filter { pools.baseline.contains($0.name) }
        let canary = backend.servers.filter { pools.canary.contains($0.name) }
        let isParked = pools.isSticky && !baseline.isEmpty && baseline.allSatisfy(\.isParked)
        isBaselineHealthy = isParked ? nil : baseline.contains(where: \.isHealthy)
        // A canary server under another name may take anything.
        guard canary.count == pools.canary.count else { return }
        let carrying = BackendReading.carrying(backend.servers)
        share = BackendReading.share(carrying, pools)
        if share == nil { notes.append("no server of the backend \(pools.backend) takes traffic") }
        noteStrangers(carrying, pools)
        noteSleepers(canary)
        weighCookies(canary, backend, pools)
    }

    /// Backup servers are used when no other server can be.
    private static func carrying(_ servers: [ServerStatistics]) -> [ServerStatistics] {
        let usable = servers.filter(\.takesTraffic)
        let active = usable.filter { !$0.isBackup }
        // `option allbackups` shares among all of them, otherwise the first one has everything.
        return active.isEmpty ? Array(usable.prefix(1)) : active
    }

    /// Of the whole backend: a server in neither pool takes its part too, and is not the canary.
    private static func share(_ carrying: [ServerStatistics], _ pools: HAProxyPools) -> Int? {
        var canary = 0
        var others = 0
        for server in carrying {
            if pools.canary.contains(server.name) { canary += server.weight } else { others += server.weight }
        }
        return Share.basisPoints(canary: Double(canary), baseline: Double(others))
    }

    private mutating func noteStrangers(_ carrying: [ServerStatistics], _ pools: HAProxyPools) {
        let strangers = carrying.map(\.name).filter { !pools.baseline.contains($0) && !pools.canary.contains($0) }
        guard !strangers.isEmpty else { return }
        notes.append("\(strangers.prefix(10).joined(separator: ", ")) takes traffic too and is in no pool")
    }

    /// A canary server that is down with a weight comes back with it.
    private mutating func noteSleepers(_ canary: [ServerStatistics]) {
        for server in canary.prefix(20) where server.status.hasPrefix("DOWN") && server.weight > 0 {
            notes.append("\(server.name) is down with weight \(server.weight), which it has again when it is up")
        }
    }

    /// A cookie leads to its server at weight 0 and in drain.
    private mutating func weighCookies(
        _ canary: [ServerStatistics], _ backend: BackendStatistics, _ pools: HAProxyPools
    ) {
        guard share == 0 else { return }
        let open = canary.filter(\.servesStickyClients).map(\.name)
        guard !open.isEmpty else { return }
        if pools.isSticky {
            share = nil
            notes.append("\(open.joined(separator: ", ")) takes no new clients, but still those that hold its cookie")
        } else if let cookie = backend.cookie {
            notes.append("clients that hold the cookie \(cookie) stay on the canary; set sticky: true")
        }
    }
}
