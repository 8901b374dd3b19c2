/// Tasks of the daemon that wait for something in the world: a time, an answer, a disk.
///
/// Not safe for threads: a world and its tasks share one.
final class Waits<Answer: Sendable>: @unchecked Sendable {
    private var last = 0
    private var waiting: [Int: UnsafeContinuation<Answer?, Never>] = [:]

    /// Suspends the caller.
    ///
    /// - Parameter begin: gets the number under which the answer is awaited; not called when the task is cancelled already.
    /// - Returns: what ``end(_:with:)`` brings; nil when the task was cancelled.
    func wait(_ begin: (Int) -> Void) async -> Answer? {
        last += 1
        let number = last
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if Task.isCancelled { return continuation.resume(returning: nil) }
                waiting[number] = continuation
                begin(number)
            }
        } onCancel: {
            end(number, with: nil)
        }
    }

    /// Resumes the task that waits under the number. What comes too late, or a second time, changes nothing.
    func end(_ number: Int, with answer: Answer?) {
        waiting.removeValue(forKey: number)?.resume(returning: answer)
    }
}
