import Model

/// The text of the include file, and what it says about itself.
///
/// The last line is a variable that holds the state as JSON; the configuration serves it at a location of its own, so
/// that the running workers can be asked what they have loaded. The revision is a hash of the lines above it: a file
/// that was edited by hand does not fit its own revision any more.
struct NginxInclude: Sendable, Equatable {
    let release: String
    private let content: NginxIncludePlan.Content
    private let aim: RouterAim

    init(
        _ content: NginxIncludePlan.Content, release: String, aim: RouterAim = .direct
    ) throws(RouterPlanError) {
        self.content = content
        self.aim = aim
        self.release = release
        switch content {
        case .choices(let choices, let baseline, let canary): try NginxInclude.check(choices, baseline, canary)
        case .upstream(let name, let baseline, let canary): try NginxInclude.check(name, baseline, canary)
        }
    }

    var granularityBasisPoints: Int {
        switch content {
        case .choices: 1
        case .upstream(_, let baseline, let canary):
            PoolWeights.granularityBasisPoints(baselineServers: baseline.count, canaryServers: canary.count)
        }
    }

    /// `split_clients` compares a hash of its key, which is the user's unless it is one that nginx makes for each request or
    /// connection.
    var growth: RouterCapabilities.Growth {
        guard case .choices(let choices, _, _) = content else { return .perRequest }
        let perRequest = ["$request_id", "$connection", "$msec", "$pid", "$remote_port"]
        let isDrawn = choices.map { choice in
            let key = choice.key.filter { $0 != "{" && $0 != "}" }
            return perRequest.contains { key.contains($0) }
        }
        return !isDrawn.contains(true) ? .sameUsers : isDrawn.contains(false) ? .unknown : .perRequest
    }

    /// `$rollguard_checkout`.
    var stateVariable: String {
        "$rollguard_"
            + String(release.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? Character($0.lowercased()) : "_" })
    }

    func text(_ split: Split) -> String {
        let split = reachable(split)
        let body = body(split)
        let state = NginxState(
            canaryBasisPoints: aim.share(split.canaryBasisPoints), revision: NginxInclude.revision(body))
        return NginxInclude.heading + body + "map \"\" \(stateVariable) { default '\(state.encoded)'; }\n"
    }

    /// The share that the text will truly give.
    private func reachable(_ split: Split) -> Split {
        guard case .upstream(_, let baseline, let canary) = content, (1..<10_000).contains(split.canaryBasisPoints)
        else {
            return split
        }
        let servers = aim.sides(baseline.count, canary.count)
        if PoolWeights.isBelowSmallest(split, baselineServers: servers.baseline, canaryServers: servers.canary) {
            return .allBaseline
        }
        let weights = PoolWeights(split, baselineServers: servers.baseline, canaryServers: servers.canary)
        let share = Share.basisPoints(
            canary: Double(weights.canary * servers.canary), baseline: Double(weights.baseline * servers.baseline))
        return Split(canaryBasisPoints: min(share ?? 0, split.canaryBasisPoints))
    }

    private static let heading = "# Written by Rollguard, and written again at the next change.\n"

    // MARK: The lines

    private func body(_ split: Split) -> String {
        switch content {
        case .choices(let choices, let baseline, let canary):
            // Of the roles: the same users are the first to get the canary, whichever side it is.
            let sides = aim.sides(baseline, canary)
            return choices.map { NginxInclude.choice($0, sides.baseline, sides.canary, split) }.joined()
        case .upstream(let name, let baseline, let canary):
            return upstream(name, baseline, canary, split)
        }
    }

    /// The canary's part comes first, so that whoever is in 10 % is in 30 % too. `0%` is no syntax: the line is left out.
    private static func choice(
        _ choice: NginxIncludePlan.Choice, _ baseline: String, _ canary: String, _ split: Split
    ) -> String {
        let points = split.canaryBasisPoints
        let part = (1..<10_000).contains(points) ? "\(percent(points)) \(canary); " : ""
        let rest = points == 10_000 ? canary : baseline
        return "split_clients \"\(choice.key)\" \(choice.variable) { \(part)* \(rest); }\n"
    }

    /// nginx reads two decimals.
    private static func percent(_ basisPoints: Int) -> String {
        let (whole, part) = (basisPoints / 100, basisPoints % 100)
        return part == 0 ? "\(whole)%" : "\(whole).\(part < 10 ? "0" : "")\(part)%"
    }

    /// `weight=0` is no syntax: a server without a share is `down`.
    private func upstream(_ name: String, _ baseline: [String], _ canary: [String], _ split: Split) -> String {
        var weights = (baseline: 1, canary: 1)
        if (1..<10_000).contains(split.canaryBasisPoints) {
            let servers = aim.sides(baseline.count, canary.count)
            let pair = PoolWeights(split, baselineServers: servers.baseline, canaryServers: servers.canary)
            weights = aim.sides(pair.baseline, pair.canary)
        }
        let share = aim.share(split.canaryBasisPoints)
        func lines(_ servers: [String], _ weight: Int, isOut: Bool) -> String {
            servers.map { "    server \($0) \(isOut ? "down" : "weight=\(weight)");\n" }.joined()
        }
        return "upstream \(name) {\n" + lines(baseline, weights.baseline, isOut: share == 10_000)
            + lines(canary, weights.canary, isOut: share == 0) + "    keepalive 16;\n}\n"
    }

    // MARK: Reading a file

    /// What a file says, when it is one of ours and as we wrote it.
    func state(of text: String) -> NginxState? {
        guard text.hasPrefix(NginxInclude.heading) else { return nil }
        let lines = text.dropFirst(NginxInclude.heading.count).split(separator: "\n", omittingEmptySubsequences: false)
        let prefix = "map \"\" \(stateVariable) { default '"
        guard let index = lines.firstIndex(where: { $0.hasPrefix(prefix) }), lines[index].hasSuffix("'; }") else {
            return nil
        }
        let json = lines[index].dropFirst(prefix.count).dropLast(4)
        guard let document = try? JSONParser.parse(Array(json.utf8)), let state = NginxState(document) else {
            return nil
        }
        let body = lines[..<index].map { $0 + "\n" }.joined()
        return state.revision == NginxInclude.revision(body) ? state : nil
    }

    /// FNV-1a, 64 bits: it distinguishes an edited file from ours; it is no protection against forgery.
    private static func revision(_ body: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What the include says about itself.
struct NginxState: Sendable, Equatable {
    /// Of the settings' canary side.
    let canaryBasisPoints: Int
    let revision: String

    init(canaryBasisPoints: Int, revision: String) {
        self.canaryBasisPoints = canaryBasisPoints
        self.revision = revision
    }

    init?(_ document: JSONValue) {
        guard case .number(let points)? = document["canary_basis_points"],
            case .text(let revision)? = document["revision"],
            (0...10_000).contains(points.value), points.value == points.value.rounded()
        else { return nil }
        canaryBasisPoints = Int(points.value)
        self.revision = ShownText.line(revision, limit: 40)
    }

    var encoded: String { "{\"canary_basis_points\":\(canaryBasisPoints),\"revision\":\"\(revision)\"}" }
}
