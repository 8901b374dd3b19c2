import HTTPTypes
import Model

extension Route {
    /// What daemons with members of one group ask of each other.
    static let groups: [Route] = [
        Route(.post, "/api/v1/groups/{name}/prepare", "Ask whether a release of a group could go back; moves nothing") {
            await $0.group(.prepare, $1)
        },
        Route(.post, "/api/v1/groups/{name}/commit", "Take a release of a group back, as it was prepared") {
            await $0.group(.commit, $1)
        },
    ]
}

extension Endpoints {
    func group(_ kind: GroupOrder.Kind, _ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let answer = await operations.answer(try Endpoints.groupOrder(kind, call))
            return .json(GroupAnswerDocument(answer), status: Endpoints.status(of: answer))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    private static func groupOrder(
        _ kind: GroupOrder.Kind, _ call: Route.Call
    ) throws(CommandBody.Invalid) -> GroupOrder {
        guard let key = try OrderHeaders(call).key else {
            throw CommandBody.Invalid(
                description: "Idempotency-Key is missing; it is the group's incident, the same for prepare and commit")
        }
        let body = try CommandBody(
            call.body, known: ["release", "sick_release", "incident", "reason", "from_version", "to_version"])
        func text(_ name: String) throws(CommandBody.Invalid) -> String {
            guard let text = body.optional(name) else {
                throw CommandBody.Invalid(description: "\"\(name)\" is missing")
            }
            return text
        }
        var versions: GroupVersions?
        if kind == .commit { versions = GroupVersions(from: try text("from_version"), to: try text("to_version")) }
        return GroupOrder(
            kind: kind, release: try text("release"),
            link: GroupLink(
                group: call.name, release: try text("sick_release"), incident: try text("incident"), key: key),
            versions: versions, reason: try body.required("reason"))
    }

    private static func status(of answer: GroupAnswer) -> HTTPTypes.HTTPResponse.Status {
        switch answer {
        case .ready, .going, .idle: .ok
        case .refused, .stale, .held: .conflict
        case .unknown: .serviceUnavailable
        }
    }
}
