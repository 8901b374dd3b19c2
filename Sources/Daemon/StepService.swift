import Kernel
import Model
import Ports

/// Makes the kernel's calls of plans' steps, each in a task of its own. What is lost is noticed by the kernel.
final class StepService: Sendable {
    private enum Job: Sendable {
        case step(StepCall, isCheck: Bool)
        case schema(release: String, call: Int, SchemaGate)
    }

    /// A release has at most one call per step.
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

    func enqueue(_ call: StepCall, isCheck: Bool) { continuation.yield(.step(call, isCheck: isCheck)) }

    func readSchema(release: String, call: Int, gate: SchemaGate) {
        continuation.yield(.schema(release: release, call: call, gate))
    }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await job in stream {
                group.addTask { [driver] in await watchdog.send(Self.answer(to: job, driver)) }
            }
        }
    }

    private static func answer(to job: Job, _ driver: any StepDriver) async -> Input {
        switch job {
        case .step(let call, let isCheck):
            let answer = isCheck ? await driver.check(call) : await driver.run(call)
            return .stepAnswered(release: call.release, call: call.number, answer)
        case .schema(let release, let call, let gate):
            return .schemaRead(release: release, call: call, await driver.readSchema(gate, release: release))
        }
    }

    /// What the steps of a road of a release's plan would do now, and what they show now. Changes nothing.
    func preview(_ release: ReleasePlan, _ road: ProcedureRoad) async -> [StepPreview] {
        let steps = release.procedure?.steps(on: road) ?? []
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
        let finding = step.hasProof || step.work.backup != nil ? await driver.check(call) : nil
        var preview = StepPreview(step: asked, call: driver.plan(call), finding: finding)
        let pair = StepGuard.Pair(baseline: release.baseline.version, canary: release.canary.version)
        preview.condition = asked.condition?.preview(pair)
        preview.undo = await undo(of: asked, call, driver)
        return preview
    }

    /// What would take the effect of a step of a way forward back.
    private static func undo(of step: ProcedureStep, _ call: StepCall, _ driver: any StepDriver) async -> String? {
        guard step.road.isForward else { return nil }
        var call = call
        if let work = step.undo {
            call.step.work = work
            return driver.plan(call)
        }
        guard step.keepsValue else { return nil }
        call.wantsValue = true
        let value = await driver.check(call)
        return if case .value(let text) = value { "the value that it has now, \(text)" } else {
            "unknown: \(value.text)"
        }
    }
}
