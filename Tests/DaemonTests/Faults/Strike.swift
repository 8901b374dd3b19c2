import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A place in the daemon's work that is seen from outside.
enum Place: String, Sendable {
    /// The process was started.
    case start
    /// A scrape of the canary came.
    case scrape
    /// The router is asked for the split.
    case look
    /// The router is about to see a new split.
    case put
    /// The router has the new split, and the daemon does not know it yet.
    case putDone
    /// A webhook is about to arrive.
    case webhook
    /// A webhook has arrived, and the daemon does not know it yet.
    case webhookDone
    /// An entry is on the disk, and nothing has followed from it. The daemon kills itself here, being asked to.
    case entry
}

/// A blow at a drawn moment.
struct Strike: Sendable, CustomStringConvertible {
    enum Blow: Sendable {
        case kill
        /// SIGSTOP, then SIGCONT after that long.
        case stop(forMs: Int)
    }

    var place: Place
    /// The how-manieth time the place is reached.
    var turn: Int
    var delayMs: Int
    var blow: Blow

    var description: String { "\(blow) at \(place.rawValue) \(turn) + \(delayMs) ms" }

    /// A blow somewhere in the life of a release.
    ///
    /// - Parameter isSick: a healthy canary gives no occasion for calls and webhooks.
    static func draw(isSick: Bool, using random: inout FaultRandom) -> Strike {
        if isSick, random.chance(0.15) { return whilePending(using: &random) }
        let healthy: [Place] = [.start, .scrape, .scrape, .look]
        let places = isSick ? healthy + [.put, .put, .putDone, .webhook, .webhookDone, .entry, .entry] : healthy
        let place = places[Int.random(in: 0..<places.count, using: &random)]
        var strike = Strike(place: place, turn: 1, delayMs: 0, blow: .kill)
        switch place {
        case .start: strike.delayMs = Int.random(in: 0...400, using: &random)
        case .scrape:
            strike.turn = Int.random(in: 1...10, using: &random)
            strike.delayMs = Int.random(in: 0...100, using: &random)
        case .look:
            strike.turn = Int.random(in: 1...4, using: &random)
            strike.delayMs = Int.random(in: 0...20, using: &random)
        case .put, .putDone, .webhook, .webhookDone:
            strike.turn = Int.random(in: 1...3, using: &random)
            strike.delayMs = random.chance(0.5) ? 0 : Int.random(in: 1...20, using: &random)
        case .entry: strike.turn = Int.random(in: 1...6, using: &random)
        }
        if place != .entry, random.chance(0.25) { strike.blow = .stop(forMs: stopMs(using: &random)) }
        return strike
    }

    /// A long stop when the alert is about to be pending: nothing was seen meanwhile, so nothing may count toward `for`.
    private static func whilePending(using random: inout FaultRandom) -> Strike {
        Strike(
            place: .scrape, turn: Int.random(in: 3...7, using: &random),
            delayMs: Int.random(in: 0...90, using: &random),
            blow: .stop(forMs: Int.random(in: 450...1_200, using: &random)))
    }

    /// Mostly shorter than a cycle or a call's timeout, sometimes much longer.
    static func stopMs(using random: inout FaultRandom) -> Int {
        random.chance(0.8)
            ? Int.random(in: 10...300, using: &random) : Int.random(in: 400...1_500, using: &random)
    }
}

/// SplitMix64, so that a seed says what is drawn on every machine.
struct FaultRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < share }
}

/// Waits for the place of a strike to be reached and hits the daemon there.
final class Trap: Sendable {
    private struct State {
        var strike: Strike?
        var daemon: Executable?
        var turns = 0
        var isSprung = false
    }

    private let state = Mutex(State())

    /// The blow was dealt; a stopped daemon runs again.
    var isSprung: Bool { state.withLock { $0.isSprung } }

    func arm(_ strike: Strike?, at daemon: Executable) {
        state.withLock { $0 = State(strike: strike, daemon: daemon) }
        reached(.start)
    }

    /// No process is hit any more.
    func disarm() { state.withLock { $0 = State() } }

    /// Called wherever the place is seen, before anything follows from it.
    func reached(_ place: Place) {
        let due = state.withLock { state -> (Strike, Executable)? in
            guard let strike = state.strike, strike.place == place, let daemon = state.daemon else { return nil }
            state.turns += 1
            guard state.turns == strike.turn else { return nil }
            state.strike = nil
            return (strike, daemon)
        }
        guard let (strike, daemon) = due else { return }
        if strike.delayMs == 0 { return hit(strike.blow, daemon) }
        Trap.later(strike.delayMs) { self.hit(strike.blow, daemon) }
    }

    private func hit(_ blow: Strike.Blow, _ daemon: Executable) {
        switch blow {
        case .kill:
            signal(SIGKILL, daemon)
            noteSprung(daemon)
        case .stop(let ms):
            signal(SIGSTOP, daemon)
            Trap.later(ms) {
                self.signal(SIGCONT, daemon)
                self.noteSprung(daemon)
            }
        }
    }

    private func signal(_ number: Int32, _ daemon: Executable) {
        if daemon.isRunning { daemon.signal(number) }
    }

    /// Unless the next daemon runs already.
    private func noteSprung(_ daemon: Executable) {
        state.withLock { state in
            if state.daemon === daemon { state.isSprung = true }
        }
    }

    private static func later(_ ms: Int, _ body: @escaping @Sendable () -> Void) {
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(Int64(ms)), body)
    }
}
