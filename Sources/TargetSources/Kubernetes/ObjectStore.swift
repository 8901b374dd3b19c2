import Synchronization

/// The objects of one kind as a watch has them, shared with what makes lists of them.
final class ObjectStore<Object: ClusterObject>: Sendable {
    private struct State {
        var objects: [String: Object] = [:]
        var hasList = false
        /// Why the objects may be old; nil while they are watched.
        var failure: String?
        /// Counts what has happened since the start.
        var revision = 0
    }

    private let state = Mutex(State())

    /// Takes over a complete list.
    func replace(_ objects: [Object]) {
        state.withLock { state in
            state.objects = [:]
            for object in objects { state.objects[object.metadata.key] = object }
            state.hasList = true
            state.failure = nil
            state.revision += 1
        }
    }

    func apply(_ event: ObjectEvent<Object>) {
        state.withLock { state in
            switch event {
            case .changed(let object): state.objects[object.metadata.key] = object
            case .deleted(let object): state.objects[object.metadata.key] = nil
            case .bookmark, .expired, .failed: return
            }
            state.revision += 1
        }
    }

    func fail(_ reason: String) {
        state.withLock { state in
            state.failure = reason
            state.revision += 1
        }
    }

    var revision: Int { state.withLock { $0.revision } }
    var failure: String? { state.withLock { $0.failure } }
    var hasList: Bool { state.withLock { $0.hasList } }
    var objects: [String: Object] { state.withLock { $0.objects } }
}
