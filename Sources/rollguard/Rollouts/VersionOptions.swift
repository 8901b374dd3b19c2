import API
import ArgumentParser

/// Which version goes where.
struct VersionOptions: ParsableArguments {
    @Argument(help: "The service's name: an entry of `releases`.")
    var service: String

    @Option(help: "The new version, as its targets report it.")
    var version: String

    @Option(help: "The commit or the digest of the image; a part of the version's identity.")
    var build: String?

    @Option(help: "The place that has to be free. [default: the free one]")
    var place: String?

    @Option(help: "refuse, queue or supersede, when a rollout is under way. [default: `on_busy` of the configuration]")
    var onBusy: BusyChoice?

    @Flag(help: "With --on-busy supersede: although the version is not higher.")
    var force = false

    @Flag(help: "Although the version is lower than the one that serves.")
    var allowDowngrade = false

    enum BusyChoice: String, ExpressibleByArgument, CaseIterable {
        case refuse
        case queue
        case supersede
    }

    var fields: [String: OrderField] {
        var fields: [String: OrderField] = ["version": .text(version)]
        fields["build"] = build.map(OrderField.text)
        fields["place"] = place.map(OrderField.text)
        fields["on_busy"] = onBusy.map { .text($0.rawValue) }
        if force { fields["force"] = .flag(true) }
        if allowDowngrade { fields["allow_downgrade"] = .flag(true) }
        return fields
    }
}

/// What of an order's answer is printed alone, for `PLACE=$(rollguard prepare …)`.
enum PrintedPart: String, ExpressibleByArgument, CaseIterable {
    case place
    case rollout
    case tag

    func text(_ document: OrderDocument) -> String? {
        switch self {
        case .place: document.place
        case .rollout: document.rollout
        case .tag: document.tag
        }
    }
}
