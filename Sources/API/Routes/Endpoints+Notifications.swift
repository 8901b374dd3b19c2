import Model

/// Silences and acknowledgements.
extension Endpoints {
    func acknowledge(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: ["reason", "by"])
            let reason = try body.required("reason")
            return Endpoints.answer(
                await operations.acknowledge(call.name, by: Endpoints.author(body, call), reason: reason))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    func silences() async -> Answer {
        .json(SilencesDocument(await operations.snapshot()))
    }

    func addSilence(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try OrderBody(call.body, known: Endpoints.silenceFields)
            let reason = try body.required("reason", "a silence says why notifications are hidden")
            guard let seconds = body.number("for_seconds") else {
                throw CommandBody.Invalid(
                    description: "\"for_seconds\" is missing; a silence always has an end, 604800 (7 days) at most")
            }
            let result = await operations.silence(
                try Endpoints.match(body), forMs: Int64(seconds * 1_000),
                by: Endpoints.author(body.text("by"), call), reason: reason)
            return Endpoints.answer(result)
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    func endSilence(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try OrderBody(call.body, known: [("by", .text(OrderBody.nameLimit))])
            return Endpoints.answer(
                await operations.endSilence(call.name, by: Endpoints.author(body.text("by"), call)))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    private static let silenceFields: [(name: String, kind: OrderBody.Kind)] = [
        ("release", .names), ("event", .names), ("severity", .names), ("rule", .names), ("labels", .names),
        ("for_seconds", .number(1...Double(Silence.longestMs / 1_000))), ("reason", .text(CommandBody.textLimit)),
        ("by", .text(OrderBody.nameLimit)),
    ]

    private static func match(_ body: OrderBody) throws(CommandBody.Invalid) -> NotificationMatch {
        var match = NotificationMatch(
            releases: body.names("release"), events: body.names("event"), rules: body.names("rule"))
        let known = Notification.Event.allCases.map(\.rawValue)
        if let event = match.events.first(where: { !known.contains($0) }) {
            throw CommandBody.Invalid(
                description:
                    "there is no event \"\(CommandBody.shown(event))\"; there is: \(known.joined(separator: ", "))")
        }
        for name in body.names("severity") {
            guard let severity = Severity(rawValue: name) else {
                throw CommandBody.Invalid(
                    description: "\"severity\" takes info, warning and critical, not \"\(CommandBody.shown(name))\"")
            }
            match.severities.append(severity)
        }
        for label in body.names("labels") {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandBody.Invalid(description: "\"labels\" takes texts such as \"team=payments\"")
            }
            match.labels.append(.init(name: String(parts[0]), value: String(parts[1])))
        }
        return match
    }
}
