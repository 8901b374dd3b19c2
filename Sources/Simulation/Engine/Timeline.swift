/// The time of a run, what is going to happen in it, its chance and its trace: all that decides which way the run goes.
///
/// A class, because every part of the world works on the same one. Used on the world's thread alone.
final class Timeline: @unchecked Sendable {
    /// The services' wall clock at the beginning of the run, Unix time in milliseconds.
    static let epochMs: Int64 = 1_700_000_000_000

    /// Since the beginning of the run.
    private(set) var nowMs: Int64 = 0
    var dice: Dice
    /// All faults have ended, and no operator interferes any more.
    var isHealed = false
    private(set) var trace: Trace
    /// The machine whose daemon acts now: what it plans happens to it.
    var machine = 0
    private var queue = EventQueue<(machine: Int, what: Happening)>()

    init(seed: UInt64, trace sink: ((String) -> Void)?) {
        dice = Dice(seed: seed)
        trace = Trace(sink: sink)
    }

    /// The services' wall clock, which does not jump.
    var wallMs: Int64 { Timeline.epochMs + nowMs }

    /// Advances the time to the earliest event.
    ///
    /// - Returns: the event; nil when nothing is left.
    func next() -> Happening? {
        guard let event = queue.next() else { return nil }
        nowMs = max(nowMs, event.timeMs)
        machine = event.payload.machine
        return event.payload.what
    }

    func at(_ timeMs: Int64, _ what: Happening) { queue.add((machine, what), atMs: timeMs) }

    /// - Parameter ms: a negative delay counts as none.
    func after(_ ms: Int64, _ what: Happening) { at(nowMs + max(0, ms), what) }

    func note(_ text: @autoclosure () -> String) { trace.note(nowMs, text()) }
}
