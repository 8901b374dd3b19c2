import Foundation

/// One release after the other, hit at drawn moments, until enough daemons have died.
struct FaultLife {
    let world: FaultWorld
    private var random: FaultRandom
    private var version = 0
    /// Daemons that were killed.
    private(set) var kills = 0
    private(set) var stops = 0

    init(world: FaultWorld, seed: UInt64) {
        self.world = world
        random = FaultRandom(seed: seed)
    }

    private var witness: Witness { world.senses.witness }

    mutating func run(untilKills wanted: Int) async throws {
        var mayRepeat = false
        while kills < wanted, witness.violations.isEmpty {
            let isSick = random.chance(0.8)
            if !mayRepeat || !isSick { version += 1 }
            let basisPoints = 1_000 * Int.random(in: 2...6, using: &random)
            try await world.release("v\(version)", isSick: isSick, basisPoints: basisPoints)
            for _ in 0..<Int.random(in: 1...5, using: &random) { try await hit(isSick: isSick) }
            mayRepeat = false
            if isSick {
                mayRepeat = try await converge(before: wanted)
            } else {
                try await staysAsItIs()
            }
        }
    }

    // MARK: The cycles

    /// A daemon that is hit, wherever it is in its work.
    private mutating func hit(isSick: Bool) async throws {
        let strike = Strike.draw(isSick: isSick, using: &random)
        drawLosses()
        let daemon = try world.daemon(strike)
        var looks = 0
        _ = await eventually(300, everyMs: 10) {
            looks += 1
            if world.senses.trap.isSprung || !daemon.isRunning { return true }
            guard isSick, looks % 10 == 0 else { return false }
            return try await isSettled()
        }
        if case .stop = strike.blow, daemon.isRunning {
            stops += 1
            // It continues for a drawn while, and dies then.
            let last = Strike(place: .start, turn: 1, delayMs: Int.random(in: 0...300, using: &random), blow: .kill)
            world.senses.trap.arm(last, at: daemon)
            _ = await eventually(300, everyMs: 10) { !daemon.isRunning }
        }
        await world.kill(daemon)
        kills += 1
    }

    /// A daemon that is left alone (but for a stop) brings everything to its end; then the latch is tried.
    private mutating func converge(before wanted: Int) async throws -> Bool {
        var strike: Strike?
        if random.chance(0.5) {
            strike = Strike.draw(isSick: true, using: &random)
            strike?.blow = .stop(forMs: Strike.stopMs(using: &random))
            if strike?.place == .entry { strike?.place = .look }
            stops += 1
        }
        drawLosses()
        if random.chance(0.3) { await world.refuseWebhooks(Int.random(in: 1...3, using: &random)) }
        let daemon = try world.daemon(strike)
        let isDone = await eventually(600, everyMs: 50) { try await isSettled() }
        if !isDone {
            let shares = (try? await world.shares()) ?? []
            witness.violated("the rollback did not come to its end; shares \(shares)\n\(daemon.text)")
        }
        await expect(phase: "rolled_back", of: daemon)
        let isRearmed = random.chance(0.25)
        if isRearmed { try await rearm(daemon) }
        await world.kill(daemon)
        kills += 1
        if !isRearmed { try await tryTheLatch() }
        return isRearmed
    }

    /// An operator puts the canary back while the daemon is dead: the next one takes it out again.
    private mutating func tryTheLatch() async throws {
        let router = Int.random(in: 0..<FaultWorld.routerCount, using: &random)
        try await world.give(3_000, router: router)
        if random.chance(0.5) { try await hit(isSick: true) }
        let daemon = try world.daemon(nil)
        let isOut = await eventually(1_200, everyMs: 25) { try await world.shares().allSatisfy { $0 == 0 } }
        if !isOut { witness.violated("the latch did not hold: the canary was put back and stayed\n\(daemon.text)") }
        await world.kill(daemon)
        kills += 1
    }

    /// Nothing is wrong with the canary, so nothing happens to it, whatever happens to the daemon.
    private mutating func staysAsItIs() async throws {
        let before = try await world.shares()
        var strike = Strike.draw(isSick: false, using: &random)
        strike.blow = .stop(forMs: Strike.stopMs(using: &random))
        stops += 1
        let daemon = try world.daemon(strike)
        let isWatched = await eventually(1_200, everyMs: 25) {
            guard world.senses.trap.isSprung, let api = FaultWorld.api(of: daemon) else { return false }
            let status = try await Status.read(api)
            return status.phase == "watching" && status.cycles >= 12
        }
        if !isWatched { witness.violated("a healthy release is not watched\n\(daemon.text)") }
        if try await world.shares() != before { witness.violated("a healthy canary lost its share\n\(daemon.text)") }
        await world.kill(daemon)
        kills += 1
    }

    // MARK: Pieces

    /// Some changes of the split are lost on their way there or back.
    private mutating func drawLosses() {
        guard random.chance(0.3) else { return world.senses.lose([]) }
        let count = Int.random(in: 1...4, using: &random)
        world.senses.lose(
            (0..<count).map { _ in
                let draw = Int.random(in: 0..<3, using: &random)
                return draw == 0 ? .pass : draw == 1 ? .loseRequest : .loseAnswer
            })
    }

    /// The newest incident is acknowledged, every receiver was notified, and no router gives the canary anything.
    private func isSettled() async throws -> Bool {
        let journal = world.senses.journal
        let newest = try journal.newest(of: ["began", "intended", "drifted", "acknowledged"])
        guard newest?.kind == "acknowledged", try journal.waitingDeliveries() == 0 else { return false }
        return try await world.shares().allSatisfy { $0 == 0 }
    }

    private func expect(phase: String, of daemon: Executable) async {
        var last: Status?
        let isThere = await eventually(600, everyMs: 25) {
            guard let api = FaultWorld.api(of: daemon) else { return false }
            let status = try await Status.read(api)
            last = status
            return status.phase == phase && status.openIncidents == 0
        }
        if !isThere { witness.violated("the status is \(String(describing: last)), not \(phase)\n\(daemon.text)") }
    }

    private func rearm(_ daemon: Executable) async throws {
        guard let api = FaultWorld.api(of: daemon) else { return witness.violated("no API\n\(daemon.text)") }
        let answer = try await HTTP.send(
            "POST", try FaultWorld.url(api, "/api/v1/releases/checkout/rearm"), body: #"{"reason":"try again"}"#)
        let isDurable = await eventually(600, everyMs: 25) {
            try world.senses.journal.newest(of: ["intended", "rearmed"])?.kind == "rearmed"
        }
        if !isDurable { witness.violated("not rearmed: \(answer.status) \(answer.text)\n\(daemon.text)") }
    }
}

/// What the daemon says of itself.
struct Status: Sendable {
    let phase: String
    let cycles: Int
    let openIncidents: Int

    private struct Document: Decodable {
        struct Release: Decodable {
            let phase: String
            let cycles: Int
        }
        struct Incident: Decodable { let open: Bool }
        let releases: [Release]
        let incidents: [Incident]
    }

    static func read(_ api: String) async throws -> Status {
        let data = try await HTTP.get(try FaultWorld.url(api, "/api/v1/status"))
        let document = try JSONDecoder().decode(Document.self, from: data)
        return Status(
            phase: document.releases.first?.phase ?? "", cycles: document.releases.first?.cycles ?? 0,
            openIncidents: document.incidents.filter(\.open).count)
    }
}
