import Synchronization

/// Runs asynchronous code by hand, in the order in which it became ready, on the thread that asks for it.
///
/// The real router drivers are asynchronous. With this executor as their preference nothing of them runs by itself: the
/// world runs them until all of them wait, continues in virtual time, and answers one of the things they wait for. So
/// real driver code is as repeatable as the kernel.
final class VirtualExecutor: TaskExecutor {
    private let ready = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ready.withLock { $0.append(job) }
    }

    /// Until nothing is ready any more. What becomes ready meanwhile is run too.
    func runUntilAllWait() {
        while true {
            let jobs = ready.withLock { ready in
                defer { ready.removeAll(keepingCapacity: true) }
                return ready
            }
            guard !jobs.isEmpty else { return }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
