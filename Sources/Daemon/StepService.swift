import Kernel
import Model
import Ports

/// Makes the kernel's calls of plans' steps, each in a task of its own. What is lost is noticed by the kernel.
final class StepService: Sendable {
    private struct Job: Sendable {
        let call: StepCall
        let isCheck: Bool
    }

    /// A release has one call at a time.
    private static let queueLimit = 10_000

    /// Of each proof that a preview asks.
    private static let previewTimeoutMs: Int64 = 3_000

    private let driver: any StepDriver
    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init(driver: any StepDriver) {
        self.driver = driver
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(StepService.queueLimit))
    }

    func enqueue(_ call: StepCall, isCheck: Bool) { continuation.yield(Job(call: call, isCheck: isCheck)) }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await job in stream {
                group.addTask { [driver] in
                    let answer = job.isCheck ? await driver.check(job.call) : await driver.run(job.call)
                    await watchdog.send(
                        .stepAnswered(release: job.call.release, call: job.call.number, answer))
                }
            }
        }
    }

    /// What the steps of a release's plan would do now, and what they show now. Changes nothing.
    func preview(_ release: ReleasePlan) async -> [StepPreview] {
        let steps = release.procedure?.ordered.steps ?? []
        return await withTaskGroup(of: (Int, StepPreview).self) { group in
            for (index, step) in steps.enumerated() {
                group.addTask { [driver] in (index, await Self.preview(step, of: release, driver)) }
            }
            var all: [(Int, StepPreview)] = []
            for await one in group { all.append(one) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func preview(
        _ asked: ProcedureStep, of release: ReleasePlan, _ driver: any StepDriver
    ) async -> StepPreview {
        var step = asked
        // Whoever asks waits for all of them.
        step.timeoutMs = min(step.timeoutMs, StepService.previewTimeoutMs)
        let call = StepCall(
            release: release.name, incident: "dry-run", number: 0, step: step, attempt: 0,
            baselineVersion: release.baseline.version, canaryVersion: release.canary.version)
        let finding = step.hasProof ? await driver.check(call) : nil
        return StepPreview(step: asked, call: driver.plan(call), finding: finding)
    }
}
