import ConfigurationFiles
import Model
import Testing

/// Steps of a plan that are about queues.
struct QueueStepReadingTests {
    private static let router = "{kind: gray, instances: [\"http://127.0.0.1:9412\"]}"

    private static func load(_ step: String, receiver: String = "kind: cloudevents, url: \"https://e\"")
        -> Rulebook.Result
    {
        let plan = Sample.changed(router, to: router + "\n    plan: {steps: [\(step)]}")
        return Sample.load(
            plan.replacing("kind: webhook, url: \"https://hooks.example/a\"", with: receiver))
    }

    @Test func consumersAreRead() throws {
        let nats = Self.load(
            "{name: p, kind: consumers, at: split, broker: nats, url: 'nats://b', stream: ORD, consumer: canary, for: 12h}"
        )
        #expect(Sample.errors(nats) == [])
        let step = try #require(nats.plan?.releases[0].procedure?.steps[0])
        #expect(step.isIdempotent && step.hasProof)
        #expect(
            step.work
                == .consumers(
                    ConsumersWork(url: "nats://b", stream: "ORD", consumer: "canary", pauseMs: 43_200_000)))
        let rabbit = Self.load(
            "{name: p, kind: consumers, action: resume, broker: rabbitmq, url: 'http://m:15672', vhost: v, user: u, read: 'q.*', "
                + "auth: {basic: {user: r, password_file: p}}}")
        #expect(Sample.errors(rabbit) == [])
        guard case .consumers(let work)? = rabbit.plan?.releases[0].procedure?.steps[0].work else {
            return #expect(Bool(false))
        }
        #expect(work.action == .resume && work.virtualHost == "v" && work.user == "u" && work.readPattern == "q.*")
        #expect(work.security.authorization == .basic(user: "r", password: .file("/etc/rollguard/p")))
    }

    @Test func anEventNamesAReceiverThatSendsCloudEvents() throws {
        let name = try #require(Self.load("{name: a, kind: person, text: x}").plan?.receivers.first?.name)
        let step = "{name: announce, kind: event, to: \(name)}"
        #expect(Self.load(step).plan?.releases[0].procedure?.steps[0].work == .event(receiver: name))
        let errors = Sample.errors(Self.load(step, receiver: "kind: webhook, url: \"https://e\""))
        #expect(
            errors.count == 1 && errors[0].contains("receivers of the kind webhook send no CloudEvents"), "\(errors)")
        let missing = Sample.errors(Self.load("{name: announce, kind: event, to: nosuch}"))
        #expect(missing.count == 1 && missing[0].contains("there is no such receiver"), "\(missing)")
    }

    @Test(arguments: [
        ("broker: nats, url: 'nats://b', consumer: c", "consumers of 'nats' need 'stream'"),
        ("broker: nats, url: 'nats://b', stream: A.B, consumer: c", "consumers of 'nats' need 'stream'"),
        ("broker: nats, url: 'nats://b', stream: A", "consumers of 'nats' need 'consumer'"),
        ("broker: nats, url: 'http://b', stream: A, consumer: c", "write nats://host:4222 or tls://host:4222"),
        ("broker: rabbitmq, url: 'http://b'", "consumers of 'rabbitmq' need 'user'"),
        ("broker: rabbitmq, url: 'amqp://b', user: u", "write http://host:15672, without a slash at its end"),
        ("url: 'http://b'", "needs 'broker'"),
    ])
    func whatIsMissingIsReported(_ fields: String, _ expected: String) {
        let errors = Sample.errors(Self.load("{name: p, kind: consumers, \(fields)}"))
        #expect(errors.count == 1 && errors[0].hasSuffix(expected), "\(errors)")
    }
}
