public import Model

/// Time as the daemon's services see it, and where their tasks run.
///
/// Every service waits through this port, so that the same services run on the machine's clocks and on virtual time. A
/// service starts no task that bypasses ``taskExecutor``: child tasks inherit it, and unstructured tasks are started
/// with ``start(_:)``.
public protocol DaemonClock: Sendable {
    /// Both clocks, read at the same moment.
    var now: Moment { get }
    /// Nanoseconds of the monotonic clock, for durations.
    var uptimeNs: Int64 { get }
    /// Runs the daemon's tasks; nil is the global executor.
    var taskExecutor: (any TaskExecutor)? { get }

    /// Returns after that many nanoseconds of the monotonic clock; 0 and less do not wait.
    ///
    /// - Throws: `CancellationError` as soon as the calling task is cancelled.
    func sleep(ns: Int64) async throws(CancellationError)
}

extension DaemonClock {
    /// Milliseconds since the Unix epoch.
    public var wallMs: Int64 { now.wallMs }

    /// Returns after that many milliseconds of the monotonic clock; 0 and less do not wait.
    ///
    /// - Throws: `CancellationError` as soon as the calling task is cancelled.
    public func sleep(ms: Int64) async throws(CancellationError) {
        let (ns, isTooLong) = ms.multipliedReportingOverflow(by: 1_000_000)
        try await sleep(ns: isTooLong ? .max : ns)
    }

    /// Starts a task that no other task waits for.
    ///
    /// - Returns: the task, for its cancellation.
    @discardableResult
    public func start(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: taskExecutor, operation: work)
    }
}
