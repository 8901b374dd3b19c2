import Synchronization

/// The document in force, and the streams that get each new one.
final class FlagBoard: Sendable {
    /// A document with its place in the order of all, so that a stream never goes back to an older one.
    struct Edition: Sendable {
        let number: Int
        let document: FlagDocument
    }

    /// Streams at one time.
    static let streamLimit = 1_000

    private struct State {
        var edition: Edition?
        var nextStream = 0
        var streams: [Int: @Sendable (Edition) -> Void] = [:]
    }

    private let state = Mutex(State())

    var edition: Edition? { state.withLock { $0.edition } }

    var streamCount: Int { state.withLock { $0.streams.count } }

    /// - Returns: how many streams get it.
    func publish(_ document: FlagDocument) -> Int {
        let (edition, streams) = state.withLock { state in
            let edition = Edition(number: (state.edition?.number ?? 0) + 1, document: document)
            state.edition = edition
            return (edition, state.streams.sorted { $0.key < $1.key }.map(\.value))
        }
        for send in streams { send(edition) }
        return streams.count
    }

    /// Calls back at once with the edition in force, and with each later one.
    ///
    /// - Returns: nil when there are too many streams.
    func join(_ send: @escaping @Sendable (Edition) -> Void) -> Int? {
        let (number, edition) = state.withLock { state -> (Int?, Edition?) in
            guard state.streams.count < FlagBoard.streamLimit else { return (nil, nil) }
            state.nextStream += 1
            state.streams[state.nextStream] = send
            return (state.nextStream, state.edition)
        }
        if let edition { send(edition) }
        return number
    }

    func leave(_ number: Int) { state.withLock { $0.streams[number] = nil } }
}
