import NIOCore
import NIOHTTP1
import NIOPosix

/// The load generator's state; touched on its event loop only.
final class LoadEngine {
    private enum Phase { case ready, running, draining, finished }

    /// At most this many connections, and so at most this many requests in flight.
    private static let connectionLimit = 64
    /// Requests that wait for a connection; more than these are counted as broken.
    private static let queueLimit = 1_024
    private static let answerLimit = TimeAmount.seconds(5)
    /// Of a counted load: it is the answers that are wanted, however busy the machine is.
    private static let countedDrainLimit = TimeAmount.seconds(20)
    private static let tick = TimeAmount.milliseconds(5)

    private(set) var statistics = LoadStatistics()
    private let target: String
    private let requestsPerSecond: Int
    private let users: Int
    private let requestLimit: Int?
    private let delayMs: Int
    private let loop: any EventLoop
    private let seed: UInt64
    private var random: SeededRandom
    private var phase = Phase.ready
    private var waiters: [() -> Void] = []
    private var ticking: RepeatedTask?
    private var draining: (until: NIODeadline, timer: Scheduled<Void>)?
    private var begunAt = NIODeadline.now()
    private var due = 0
    private var connections: [ObjectIdentifier: LoadConnection] = [:]
    private var connecting = 0
    private var idle: [LoadConnection] = []
    private var queue = CircularBuffer<LoadRequest>()
    /// Sent a second time, each on a connection of its own: a server that closes one connection may be closing all.
    private var repeats = CircularBuffer<LoadRequest>()

    init(
        target: String, requestsPerSecond: Int, users: Int, seed: UInt64, requestLimit: Int?, delayMs: Int,
        loop: any EventLoop
    ) {
        self.target = target
        self.requestsPerSecond = requestsPerSecond
        self.users = users
        self.requestLimit = requestLimit
        self.delayMs = delayMs
        self.loop = loop
        self.seed = seed
        random = SeededRandom(seed: seed)
    }

    // MARK: life

    func start(whenFinished: @escaping () -> Void) {
        guard phase != .finished else { return whenFinished() }
        waiters.append(whenFinished)
        guard phase == .ready else { return }
        phase = .running
        begunAt = .now()
        let bound = NIOLoopBound(self, eventLoop: loop)
        ticking = loop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in
            bound.value.sendWhatIsDue()
        }
    }

    func finish(within limit: TimeAmount, whenFinished: @escaping () -> Void) {
        guard phase != .finished else { return whenFinished() }
        waiters.append(whenFinished)
        phase = .draining
        ticking?.cancel()
        drain(until: .now() + limit)
        endIfDrained()
    }

    /// The earliest of several deadlines holds.
    private func drain(until deadline: NIODeadline) {
        if let draining, draining.until <= deadline { return }
        draining?.timer.cancel()
        let bound = NIOLoopBound(self, eventLoop: loop)
        draining = (deadline, loop.scheduleTask(deadline: deadline) { bound.value.end() })
    }

    private func endIfDrained() {
        guard phase == .draining, queue.isEmpty, repeats.isEmpty, connecting == 0, connections.count == idle.count
        else { return }
        end()
    }

    private func end() {
        guard phase != .finished else { return }
        phase = .finished
        draining?.timer.cancel()
        statistics.broken += queue.count + repeats.count
        queue.removeAll()
        repeats.removeAll()
        for connection in connections.values { connection.close() }
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter() }
    }

    // MARK: sending

    private func sendWhatIsDue() {
        let now = NIODeadline.now()
        let elapsed = Double((now - begunAt).nanoseconds) / 1e9
        let total = min(Int(elapsed * Double(requestsPerSecond)), requestLimit ?? .max)
        // After a long stall, at most half a second's worth is made up for; the rest of those users have gone away. Of a
        // counted load none goes away.
        if requestLimit == nil { due = max(due, total - requestsPerSecond / 2 - 1) }
        while due < total {
            due += 1
            send(LoadRequest(user: Int.random(in: 1...users, using: &random), name: "\(seed)-\(due)"))
        }
        for connection in connections.values where connection.isLate(now, limit: Self.answerLimit) {
            connection.close()
        }
        if due == requestLimit, phase == .running { finish(within: Self.countedDrainLimit) {} }
    }

    private func send(_ request: LoadRequest) {
        statistics.sent += 1
        if let connection = idle.popLast() {
            connection.send(request)
        } else if queue.count < Self.queueLimit {
            queue.append(request)
            if connections.count + connecting < Self.connectionLimit { connect() }
        } else {
            statistics.broken += 1
        }
    }

    private func connect() {
        let parts = target.split(separator: ":")
        guard let host = parts.first, let port = parts.last.flatMap({ Int($0) }), (1...65_535).contains(port) else {
            return connectFailed()
        }
        connecting += 1
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(1))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers(enableOutboundHeaderValidation: false)
                    try pipeline.addHandler(LoadConnection(engine: bound.value, delayMs: bound.value.delayMs))
                }
            }
            .connect(host: String(host), port: port)
            .whenFailure { _ in
                bound.value.connecting -= 1
                bound.value.connectFailed()
            }
    }

    private func connectFailed() {
        if (repeats.popFirst() ?? queue.popFirst()) != nil { statistics.broken += 1 }
        endIfDrained()
    }

    // MARK: calls from the connections

    func opened(_ connection: LoadConnection) {
        connecting -= 1
        connections[ObjectIdentifier(connection)] = connection
        guard phase != .finished else { return connection.close() }
        if let request = repeats.popFirst() { connection.send(request) } else { becameFree(connection) }
    }

    func answered(_ connection: LoadConnection, status: Int, version: String, isReusable: Bool) {
        guard phase != .finished else { return }
        statistics.answered(status: status, version: version)
        if isReusable { becameFree(connection) } else { connection.close() }
    }

    /// `open` is a request that had been sent on it and whose answer had not been completed. When nothing of the answer had
    /// come it is sent again once, as browsers and curl do with a GET (RFC 9110, section 9.2.2).
    func closed(_ connection: LoadConnection, open: LoadRequest?, mayRepeat: Bool) {
        connections[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        if let open { repeatOrGiveUp(open, mayRepeat: mayRepeat && phase != .finished) }
        if !queue.isEmpty, phase != .finished, connections.count + connecting < Self.connectionLimit { connect() }
        endIfDrained()
    }

    private func repeatOrGiveUp(_ request: LoadRequest, mayRepeat: Bool) {
        guard mayRepeat, !request.isRepeated, connections.count + connecting < Self.connectionLimit else {
            return statistics.broken += 1
        }
        statistics.repeats(request)
        repeats.append(request.again)
        connect()
    }

    private func becameFree(_ connection: LoadConnection) {
        if let request = queue.popFirst() {
            connection.send(request)
        } else {
            idle.append(connection)
            endIfDrained()
        }
    }
}
