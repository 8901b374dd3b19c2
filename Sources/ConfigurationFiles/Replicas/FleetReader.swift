import Declarations
import Model

/// `fleet` of `replicas`: they share the releases out among themselves.
struct FleetReader {
    var form: ValueForm<FleetPlan> {
        ValueForm(
            summary: "mapping", schema: .shared("fleet", section.schema), read: { section.read($0) },
            write: { section.tree($0) })
    }

    var section: Section<FleetPlan> {
        Section(
            owner: "'fleet'", blank: FleetPlan(),
            settings: [
                .value(
                    "copies", \.copies, .integer(1...3),
                    "members that watch each release: the owner leads it, the others have evidence of their own and take over"
                ),
                .value(
                    "shards", \.shards, .integer(1...256),
                    "in how many parts the releases are shared out: the same in all members, and for ever under one prefix"
                ),
                .optional(
                    "capacity", \.capacity, .integer(1...10_000_000),
                    "targets that this member may watch"),
            ])
    }
}
