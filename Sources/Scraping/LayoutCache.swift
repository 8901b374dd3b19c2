import Synchronization
import Telemetry

/// The layouts in use, so that targets whose scrape bodies are alike share one: a thousand instances of a service cost
/// the memory of one scrape body.
///
/// It keeps no layout alive; one goes when the last reader that uses it does.
final class LayoutCache: Sendable {
    private struct Entry {
        weak var layout: ExpositionLayout?
        let bytes: Int
    }

    /// The one that was asked for last is first.
    private let entries = Mutex<[Entry]>([])
    private let limitBytes: Int
    /// A reader that has not read a scrape body yet tries so many. A wrong one is mostly recognised within its first
    /// lines.
    private static let triedByNewReaders = 8

    /// - Parameter limitBytes: of all layouts together. Beyond it no new ones are made, and scrape bodies are read
    ///   token by token.
    init(limitBytes: Int = 256 << 20) { self.limitBytes = limitBytes }

    /// What a reader may use for its next scrape body.
    ///
    /// - Parameter isNew: it has read no body yet, so another target's layout may be its own.
    func offer(isNew: Bool) -> LayoutOffer {
        entries.withLock { entries in
            let known = isNew ? Array(entries.lazy.compactMap(\.layout).prefix(Self.triedByNewReaders)) : []
            return LayoutOffer(known: known, mayMakeOne: hasRoom(entries))
        }
    }

    /// What is gone counts until the next layout comes.
    private func hasRoom(_ entries: [Entry]) -> Bool { entries.reduce(0) { $0 + $1.bytes } < limitBytes }

    /// The layout that all targets with such scrape bodies use: an equal one that is there, or this one from now on.
    func shared(_ layout: ExpositionLayout) -> ExpositionLayout {
        entries.withLock { entries in
            entries.removeAll { $0.layout == nil }
            let place = entries.firstIndex { $0.layout?.isEqual(to: layout) ?? false }
            let found = place.flatMap { entries.remove(at: $0).layout } ?? layout
            entries.insert(Entry(layout: found, bytes: found.byteCount), at: 0)
            return found
        }
    }
}
