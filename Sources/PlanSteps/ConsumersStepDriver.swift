import Model
import Ports
import Support

/// Pauses consumers at their broker, or lets them continue. Both are absolute, so that a repetition changes nothing.
struct ConsumersStepDriver: Sendable {
    private let nats: NATSConsumers
    private let rabbitMQ: RabbitMQConsumers

    init(calls: StepRequests, brokers: (any BrokerTransport)?, wallMs: @escaping @Sendable () -> Int64) {
        nats = NATSConsumers(brokers: brokers, wallMs: wallMs)
        rabbitMQ = RabbitMQConsumers(calls: calls)
    }

    func plan(_ work: ConsumersWork) -> String {
        switch work.broker {
        case .nats: nats.plan(work)
        case .rabbitmq: rabbitMQ.plan(work)
        }
    }

    func run(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        switch work.broker {
        case .nats: await nats.run(work, call)
        case .rabbitmq: await rabbitMQ.run(work, call)
        }
    }

    func check(_ work: ConsumersWork, _ call: StepCall) async -> StepAnswer {
        switch work.broker {
        case .nats: await nats.check(work, call)
        case .rabbitmq: await rabbitMQ.check(work, call)
        }
    }
}
