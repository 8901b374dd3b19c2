import Foundation
import Support

/// How long the rollback took, read from the webhook's own timeline.
struct StoryTimes {
    private struct Webhook: Decodable {
        struct Step: Decodable {
            let at: String
            let step: String
        }

        let timeline: [Step]
    }

    let lines: [String]

    /// - Parameter faultWallMs: when the fault began.
    init?(webhook body: [UInt8], faultWallMs: Int64?) {
        guard let webhook = try? JSONDecoder().decode(Webhook.self, from: Data(body)) else { return nil }
        func wallMs(_ step: String) -> Int64? {
            webhook.timeline.first { $0.step == step }.flatMap { WallTime($0.at)?.wallMs }
        }
        guard let verdict = wallMs("intended") else { return nil }
        var lines: [String] = []
        if let faultWallMs { lines.append("from the fault to the verdict        \(Self.shown(verdict - faultWallMs))") }
        for (step, label) in [
            ("applied", "from the verdict to the router's answer"),
            ("observed", "from the verdict to the split read back"),
            ("proven", "from the verdict to the proof        "),
            ("acknowledged", "from the verdict to the acknowledgement"),
        ] {
            if let at = wallMs(step) { lines.append("\(label)  \(Self.shown(at - verdict))") }
        }
        self.lines = lines
    }

    private static func shown(_ ms: Int64) -> String {
        ms < 1_000 ? "\(ms) ms" : "\(ms / 1_000).\(ms % 1_000 / 100) s"
    }
}
