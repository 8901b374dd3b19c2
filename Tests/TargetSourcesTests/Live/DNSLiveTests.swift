import Discovery
import Ports
import SourceCalls
import SystemSupport
import Testing

@testable import TargetSources

@Suite("The dns source with a real name server", .enabled(if: RealProgram.path("dnsmasq") != nil, "needs dnsmasq"))
struct DNSLiveTests {
    private func withServer(_ work: (ResolverSettings.NameServer, String) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let port = Live.port()
            let many = (0..<60).map {
                "--srv-host=_many._tcp.shop.test,instance-with-a-long-name-\($0).shop.test,\(9_000 + $0)"
            }
            let program = try RealProgram(
                "dnsmasq",
                [
                    "--no-daemon", "--conf-file=/dev/null", "--port=\(port)", "--listen-address=127.0.0.1",
                    "--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/test/", "--edns-packet-max=512",
                    "--srv-host=_metrics._tcp.checkout.shop.test,a.shop.test,9090,10,60",
                    "--srv-host=_metrics._tcp.checkout.shop.test,b.shop.test,9091,10,60",
                    "--srv-host=_gone._tcp.shop.test", "--host-record=a.shop.test,127.0.0.2,fd00::2",
                    "--host-record=a.shop.test,127.0.0.3", "--cname=www.shop.test,a.shop.test",
                ] + many, folder: folder)
            defer { program.stop() }
            let server = ResolverSettings.NameServer(address: "127.0.0.1", port: UInt16(port))
            try await Live.eventually { (try? await NameLookup(server: server).records("a.shop.test.", .a)) != nil }
            try await work(server, "127.0.0.1:\(port)")
        }
    }

    @Test func recordsOfEveryKindAreFound() async throws {
        try await withServer { server, _ in
            let lookup = NameLookup(server: server)
            let services = try await lookup.records("_metrics._tcp.checkout.shop.test.", .srv)
            #expect(
                Set(services) == [
                    .service(target: "a.shop.test.", port: 9_090), .service(target: "b.shop.test.", port: 9_091),
                ])
            #expect(try await lookup.records("a.shop.test.", .aaaa) == [.address("fd00::2")])
            let addresses: Set<DNSMessage.Record> = [.address("127.0.0.2"), .address("127.0.0.3")]
            #expect(Set(try await lookup.records("a.shop.test.", .a)) == addresses)
            // Through an alias.
            #expect(Set(try await lookup.records("www.shop.test.", .a)) == addresses)
            // The answer does not fit into a packet.
            #expect(try await lookup.records("_many._tcp.shop.test.", .srv).count == 60)
            // A name without such records, and a name that does not exist.
            #expect(try await lookup.records("www.shop.test.", .srv) == [])
            #expect(try await lookup.records("nowhere.shop.test.", .a) == [])
            // Refused: this server knows nothing of other names.
            await #expect(throws: SourceError.self) { try await lookup.records("example.com.", .a) }
        }
    }

    @Test func aServerThatIsAwayIsAFailure() async throws {
        let lookup = NameLookup(server: ResolverSettings.NameServer(address: "127.0.0.1", port: UInt16(Live.port())))
        await #expect(throws: SourceError.self) { try await lookup.records("a.shop.test.", .a) }
    }

    @Test func recordsBecomeTargets() async throws {
        try await withServer { _, address in
            var plan = DNSSourcePlan()
            (plan.names, plan.server) = (["_metrics._tcp.checkout.shop.test.", "_gone._tcp.shop.test."], address)
            let answers = await Sources.answers(DNSSource(plan: plan, clock: SystemClock()), 1)
            #expect(
                answers.first?.labels == [
                    [
                        "__address__": "a.shop.test:9090", "__meta_dns_name": "_metrics._tcp.checkout.shop.test.",
                        "__meta_dns_srv_record_target": "a.shop.test.", "__meta_dns_srv_record_port": "9090",
                    ],
                    [
                        "__address__": "b.shop.test:9091", "__meta_dns_name": "_metrics._tcp.checkout.shop.test.",
                        "__meta_dns_srv_record_target": "b.shop.test.", "__meta_dns_srv_record_port": "9091",
                    ],
                ])
            (plan.names, plan.type, plan.port) = (["a.shop.test."], .a, 8_080)
            let all = await Sources.answers(DNSSource(plan: plan, clock: SystemClock()), 1)
            #expect(all.first?.addresses == ["127.0.0.2:8080", "127.0.0.3:8080"])
        }
    }
}
