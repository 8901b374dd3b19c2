import Model
import Ports

/// The calls of plans' steps on their way to what they change, and the answers.
///
/// Its chance is its own, so that a plan changes nothing else that is drawn. Used on the world's thread alone.
final class PlanTraffic: @unchecked Sendable {
    private let timeline: Timeline
    private let process: DaemonProcess
    private let checks: Checkers
    private let disk: VirtualDisk
    private let names: [String]
    private(set) var services: [VirtualPlanService]
    private var dice: Dice
    /// Of 100 requests, those that are answered as they should be.
    private let goodPercent: Int

    init(
        seed: UInt64, timeline: Timeline, fleet: Fleet, process: DaemonProcess, disk: VirtualDisk, checks: Checkers
    ) {
        (self.timeline, self.process, self.disk, self.checks) = (timeline, process, disk, checks)
        names = fleet.releases.map(\.name)
        services = names.map { VirtualPlanService(release: $0) }
        dice = Dice(seed: seed ^ 0x91A_57E9)
        goodPercent = dice.pick([100, 80, 50, 15])
    }

    /// A rollback of the release is intended.
    func intended(_ release: Int) { services[release].intended() }

    func wasFlagOff(_ release: Int) -> Bool { services[release].wasFlagOff }

    /// The daemon sends a request.
    ///
    /// - Parameter wait: the number under which the answer is awaited.
    func post(_ request: HTTPRequest, _ wait: Int) {
        guard
            let release = names.firstIndex(where: {
                request.url.hasPrefix("http://\($0)\(VirtualPlanService.host)/")
            })
        else { preconditionFailure("\(request.url) belongs to no plan") }
        if request.method != "GET" {
            process.countDownToCrash()
            checks.stepActs(request, release: release, durable: disk.entries)
        }
        timeline.after(dice.ms(1...20), .planRequest(PlanRequest(wait: wait, release: release, request: request)))
        let failure = TransportError.timedOut(address: request.url, afterMs: request.timeoutMs)
        timeline.after(request.timeoutMs, .answered(wait, .failure(failure)))
    }

    /// It arrives.
    func serve(_ arrived: PlanRequest) {
        let isGood = timeline.isHealed || dice.chance(percent: goodPercent)
        let mood = isGood ? .works : dice.pick(VirtualPlanService.Mood.allCases)
        let (answer, effect) = services[arrived.release].answer(arrived.request, mood)
        timeline.note(
            "\(names[arrived.release]): \(arrived.request.method) of a step: \(mood.rawValue), \(answer?.status ?? 0)")
        if let effect { checks.stepTookEffect(effect, release: arrived.release) }
        guard let answer else { return }
        timeline.after(dice.ms(1...20), .answered(arrived.wait, .success(answer)))
    }
}

/// A request of a step.
struct PlanRequest {
    /// Of ``Links/answers``.
    let wait: Int
    let release: Int
    let request: HTTPRequest
}
