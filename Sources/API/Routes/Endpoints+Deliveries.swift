import Ports

/// The outbox: what waits, what was given up, and what an operator does about it.
extension Endpoints {
    func deliveries() async -> Answer {
        do { return .json(DeliveriesDocument(try await operations.outbox())) } catch {
            return .error("the outbox cannot be read: \(error)", status: .serviceUnavailable, asJSON: true)
        }
    }

    func resendDeliveries(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: Endpoints.deliveryFields)
            let choice = try Endpoints.choice(body)
            return Endpoints.answer(
                await operations.resendDeliveries(
                    choice, by: Endpoints.author(body, call), reason: body.optional("reason") ?? ""))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    func dropDeliveries(_ call: Route.Call) async -> Answer {
        do throws(CommandBody.Invalid) {
            let body = try CommandBody(call.body, known: Endpoints.deliveryFields)
            let choice = try Endpoints.choice(body)
            let reason = try body.required("reason")
            return Endpoints.answer(
                await operations.dropDeliveries(choice, by: Endpoints.author(body, call), reason: reason))
        } catch { return .error(error.description, status: .badRequest, asJSON: true) }
    }

    private static let deliveryFields = ["id", "receiver", "reason", "by"]

    private static func choice(_ body: CommandBody) throws(CommandBody.Invalid) -> DeliveryChoice {
        switch (body.optional("id"), body.optional("receiver")) {
        case (let id?, nil): return .id(id)
        case (nil, let name?): return .receiver(name)
        default:
            throw CommandBody.Invalid(
                description: "give either \"id\", one delivery, or \"receiver\", all of a receiver")
        }
    }
}
