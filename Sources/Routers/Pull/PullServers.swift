import HTTPServing
import NIOCore
import Synchronization

/// The small servers of all drivers, one per address.
///
/// A server lives as long as a driver needs it: after a reload the new drivers take their seats before the old ones
/// leave, so that the port stays open.
final class PullServers: Sendable {
    static let shared = PullServers()

    private struct Site {
        var seats: Set<Int> = []
        var server: Task<RunningServer, any Error>?
        let documents = ServedDocuments()
    }

    private struct State {
        var sites: [String: Site] = [:]
        var nextSeat = 0
    }

    private let state = Mutex(State())

    func seat(host: String, port: Int) -> PullSeat {
        let key = PullServers.key(host, port)
        let number = state.withLock { state in
            state.nextSeat += 1
            state.sites[key, default: Site()].seats.insert(state.nextSeat)
            return state.nextSeat
        }
        return PullSeat(servers: self, host: host, port: port, number: number)
    }

    fileprivate func leave(host: String, port: Int, number: Int) {
        let key = PullServers.key(host, port)
        let left = state.withLock { state -> Task<RunningServer, any Error>? in
            guard var site = state.sites[key] else { return nil }
            site.seats.remove(number)
            site.documents.leave(number)
            state.sites[key] = site.seats.isEmpty ? nil : site
            return site.seats.isEmpty ? site.server : nil
        }
        if let left { Task { try await left.value.stop() } }
    }

    /// Opens the port unless it is open.
    fileprivate func open(host: String, port: Int) async throws(Refusal) -> ServedDocuments {
        let key = PullServers.key(host, port)
        let (documents, opening) = state.withLock { state in
            var site = state.sites[key, default: Site()]
            if let server = site.server { return (site.documents, server) }
            let server = Task { [documents = site.documents] in
                try await PullServer.open(host: host, port: port, documents: documents)
            }
            site.server = server
            state.sites[key] = site
            return (site.documents, server)
        }
        do {
            guard try await opening.value.isListening else { throw ChannelError.ioOnClosedChannel }
            return documents
        } catch {
            // The next poll tries again, unless another one has already opened a new server.
            state.withLock { if $0.sites[key]?.server == opening { $0.sites[key]?.server = nil } }
            throw Refusal(.rejected, "cannot listen on \(key): \(error)")
        }
    }

    private static func key(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// A driver's claim to a server; the port closes when the last one is gone.
final class PullSeat: Sendable {
    private let servers: PullServers
    private let host: String
    private let port: Int
    private let number: Int

    fileprivate init(servers: PullServers, host: String, port: Int, number: Int) {
        (self.servers, self.host, self.port, self.number) = (servers, host, port, number)
    }

    deinit { servers.leave(host: host, port: port, number: number) }

    /// The document at a path, created if it is not there.
    ///
    /// - Throws: ``Refusal`` when the port cannot be opened, or another release serves another file at that path.
    func document<Document: ServedDocument>(_ path: String, file: String, make: () -> Document) async throws(Refusal)
        -> Document
    {
        let documents = try await servers.open(host: host, port: port)
        return try documents.document(path, file: file, seat: number, make: make)
    }
}

/// The documents of one server, and the drivers that need them.
final class ServedDocuments: Sendable {
    private struct Entry {
        let document: any ServedDocument
        var seats: Set<Int>
    }

    private let entries = Mutex<[String: Entry]>([:])

    func document(at path: String) -> (any ServedDocument)? { entries.withLock { $0[path]?.document } }

    fileprivate func leave(_ seat: Int) {
        entries.withLock { entries in
            for path in entries.keys {
                entries[path]?.seats.remove(seat)
                if entries[path]?.seats.isEmpty == true { entries[path] = nil }
            }
        }
    }

    fileprivate func document<Document: ServedDocument>(
        _ path: String, file: String, seat: Int, make: () -> Document
    ) throws(Refusal) -> Document {
        try entries.withLock { entries throws(Refusal) in
            if let entry = entries[path], let document = entry.document as? Document, entry.document.file == file {
                entries[path]?.seats.insert(seat)
                return document
            }
            if let entry = entries[path], !entry.seats.subtracting([seat]).isEmpty {
                throw Refusal(
                    .rejected, "another release serves \(entry.document.file) at \(path) of this port; use another port"
                )
            }
            let document = make()
            entries[path] = Entry(document: document, seats: [seat])
            return document
        }
    }
}
