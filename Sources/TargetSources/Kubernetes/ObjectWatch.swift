import Discovery
import Model
import Ports
import SourceCalls

/// Keeps a store equal to the objects of one path: lists them, then watches from the version of the list on.
///
/// - A version is text that is compared for equality alone. After `410`, which comes as a status or as an event,
///   everything is
///   listed again, without a version.
/// - A watch that the server ends at once is not trusted: everything is listed again, after a pause.
/// - A token is read from its file for each request; after `401` once more at once, because the file may just have been
///   replaced.
struct ObjectWatch<Object: ClusterObject>: Sendable {
    private static var partSize: Int { 500 }
    private static var partLimit: Int { 100 }
    private static var retryLimitMs: Int64 { 30_000 }
    /// A watch that ends sooner, without an event, was no watch.
    private static var shortestWatchMs: Int64 { 1_000 }
    /// After the time that the server was asked to end the watch.
    private static var graceMs: Int64 { 30_000 }

    let path: String
    let selector: String?
    let relistMs: Int64
    let server: SourceServer
    let clock: any DaemonClock
    let store: ObjectStore<Object>

    /// Why a watch has ended.
    private enum End {
        case byServer(hadEvents: Bool)
        case expired
    }

    /// Returns when the task is cancelled.
    func run() async {
        var retryMs = RefreshLoop.firstRetryMs
        while !Task.isCancelled {
            do throws(SourceError) {
                var version = try await list()
                retryMs = RefreshLoop.firstRetryMs
                try await watch(from: &version)
                // A list follows each watch, so this is the rate of lists, too.
                try await pause(RefreshLoop.firstRetryMs)
            } catch {
                if Task.isCancelled { return }
                store.fail(error.reason)
                do throws(CancellationError) { try await clock.sleep(ms: retryMs) } catch { return }
                retryMs = min(retryMs * 2, Self.retryLimitMs)
            }
        }
    }

    private func pause(_ ms: Int64) async throws(SourceError) {
        do throws(CancellationError) { try await clock.sleep(ms: ms) } catch { throw SourceError("cancelled") }
    }

    // MARK: List

    /// - Returns: the version of the list.
    private func list() async throws(SourceError) -> String {
        var objects: [Object] = []
        var next: String?
        for _ in 0..<Self.partLimit {
            let part: ObjectList<Object>
            do throws(SourceError) { part = try await self.part(after: next) } catch {
                // The list has expired while it was read in parts.
                guard error.status == 410, next != nil else { throw error }
                (objects, next) = ([], nil)
                continue
            }
            objects += part.items ?? []
            guard objects.count <= SourceLimits.targets else {
                throw SourceError("\(path): more than \(SourceLimits.targets) objects")
            }
            next = part.metadata.next.flatMap { $0.isEmpty ? nil : $0 }
            guard next != nil else {
                store.replace(objects)
                return part.metadata.resourceVersion
            }
        }
        throw SourceError("\(path): the list does not end")
    }

    private func part(after next: String?) async throws(SourceError) -> ObjectList<Object> {
        let query: [(String, String?)] = [
            ("labelSelector", selector), ("limit", String(Self.partSize)), ("continue", next),
        ]
        let response: HTTPResponse
        do throws(SourceError) { response = try await server.get(path, query: query) } catch {
            guard error.status == 401 else { throw error }
            response = try await server.get(path, query: query)
        }
        return try AnswerJSON.decode(ObjectList<Object>.self, response.body, of: path)
    }

    // MARK: Watch

    /// Returns when everything has to be listed again.
    private func watch(from version: inout String) async throws(SourceError) {
        let due = clock.now.uptimeMs + relistMs
        while clock.now.uptimeMs < due {
            let startMs = clock.now.uptimeMs
            switch try await watchOnce(&version, untilMs: due) {
            case .expired: return
            case .byServer(let hadEvents):
                if !hadEvents, clock.now.uptimeMs - startMs < Self.shortestWatchMs { return }
            }
        }
    }

    private func watchOnce(_ version: inout String, untilMs due: Int64) async throws(SourceError) -> End {
        let seconds = max(1, (due - clock.now.uptimeMs) / 1_000)
        let query: [(String, String?)] = [
            ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
            ("timeoutSeconds", String(seconds)), ("labelSelector", selector),
        ]
        var last = version
        var hadEvents = false
        var end: Result<End, SourceError>?
        let response = try await server.watch(path, query: query, timeoutMs: seconds * 1_000 + Self.graceMs) { line in
            switch event(line) {
            case .failure(let error): end = .failure(error)
            case .success(.expired): end = .success(.expired)
            case .success(.failed(let reason)): end = .failure(SourceError("\(path): \(reason)"))
            case .success(let event):
                hadEvents = true
                last = Self.version(of: event) ?? last
                store.apply(event)
            }
            return end == nil
        }
        version = last
        if let end { return try end.get() }
        // As a status: the version is too old.
        return response == 410 ? .expired : .byServer(hadEvents: hadEvents)
    }

    private func event(_ line: [UInt8]) -> Result<ObjectEvent<Object>, SourceError> {
        do throws(SourceError) {
            return .success(try AnswerJSON.decode(ObjectEvent<Object>.self, line, of: "the watch of \(path)"))
        } catch { return .failure(error) }
    }

    private static func version(of event: ObjectEvent<Object>) -> String? {
        switch event {
        case .changed(let object), .deleted(let object): object.metadata.resourceVersion
        case .bookmark(let version): version
        case .expired, .failed: nil
        }
    }
}
