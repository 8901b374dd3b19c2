import Ports
import Testing

@Suite("Addresses of brokers")
struct AddressTests {
    @Test(arguments: [
        ("nats://10.0.0.1:4333", "nats://10.0.0.1:4333"), ("nats://broker", "nats://broker:4222"),
        ("tls://broker.example", "tls://broker.example:4222"), ("amqps://[::1]", "amqps://[::1]:5671"),
        ("redis://[fd00::2]:7000", "redis://[fd00::2]:7000"), ("amqp://b:5673", "amqp://b:5673"),
    ])
    func anAddressIsRead(_ text: String, _ shown: String) { #expect(BrokerAddress(text)?.text == shown) }

    @Test(arguments: [
        "broker:4222", "http://broker", "nats://", "nats://ann:pass@broker", "nats://broker:0", "nats://broker:70000",
        "nats://broker/vhost", "nats://a b", "nats://broker:x",
    ])
    func whatIsNoAddressIsRefused(_ text: String) { #expect(BrokerAddress(text) == nil) }
}
