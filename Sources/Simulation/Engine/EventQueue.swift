/// What is going to happen, ordered by (time, sequence): two things at the same moment happen in the order in which they
/// were scheduled, in every process.
struct EventQueue<Payload> {
    struct Event {
        let timeMs: Int64
        let sequence: UInt64
        let payload: Payload

        fileprivate func isBefore(_ other: Event) -> Bool {
            (timeMs, sequence) < (other.timeMs, other.sequence)
        }
    }

    /// A binary heap, the earliest event first.
    private var heap: [Event] = []
    private var nextSequence: UInt64 = 0

    mutating func add(_ payload: Payload, atMs timeMs: Int64) {
        heap.append(Event(timeMs: timeMs, sequence: nextSequence, payload: payload))
        nextSequence += 1
        rise(from: heap.count - 1)
    }

    /// The earliest event; nil when nothing is left.
    mutating func next() -> Event? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var earliest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].isBefore(heap[earliest]) { earliest = child }
            }
            guard earliest != index else { return }
            heap.swapAt(index, earliest)
            index = earliest
        }
    }
}
