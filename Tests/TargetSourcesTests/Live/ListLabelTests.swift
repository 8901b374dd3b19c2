import Discovery
import Foundation
import Ports
import SystemSupport
import Testing

@testable import TargetSources

/// Lists by HTTP and by DNS, read by us and by vmagent.
@Suite(
    "The labels of the http and dns sources", .serialized,
    .enabled(if: RealProgram.path("vmagent") != nil, "needs vmagent"))
struct ListLabelTests {
    private static let list = """
        [{"targets": ["10.0.0.11:9090", "10.0.0.12:9090"], "labels": {"version": "v1", "empty": "", "__meta_own": "x"}},
         {"targets": ["10.0.0.21:9090"], "labels": {"version": "v2", "__metrics_path__": "/m"}}, {"targets": []}]
        """

    private static let server = """
        import http.server, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = open('list.json', 'rb').read()
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
        """

    @Test(.enabled(if: RealProgram.path("python3") != nil, "needs python3"))
    func ofHTTPAreThoseOfAnotherImplementation() async throws {
        try await Live.inFolder { folder in
            try Self.list.write(toFile: folder + "/list.json", atomically: true, encoding: .utf8)
            let port = Live.port()
            let program = try RealProgram("python3", ["-c", Self.server, "\(port)"], folder: folder)
            defer { program.stop() }
            let url = "http://127.0.0.1:\(port)/list"
            try await Live.eventually { await Live.call("GET", url) != nil }
            var plan = HTTPSourcePlan()
            plan.url = url
            let setup = Live.setup()
            let source = HTTPSource(plan: plan, transport: setup.transport, clock: setup.clock)
            let ours = try #require(await Sources.answers(source, 1).first?.labels)
            let theirs = try await VMAgent.labels(
                job: "http_sd_configs: [{url: '\(url)'}]", folder: folder, count: ours.count)
            #expect(ours.count == 3)
            Self.compare(ours, theirs)
        }
    }

    /// vmagent asks the machine's name server, so it gets a file of its own that names another one, which takes root.
    @Test(
        .enabled(
            if: RealProgram.path("dnsmasq") != nil && geteuid() == 0, "needs dnsmasq and root, for port 53"),
        arguments: ["SRV", "A", "AAAA"])
    func ofDNSAreThoseOfAnotherImplementation(_ type: String) async throws {
        try await Live.inFolder { folder in
            // Any address of the loopback network will do; one of its own keeps the port free.
            let server = "127.94.\(Int.random(in: 1...254)).\(Int.random(in: 1...254))"
            let program = try RealProgram(
                "dnsmasq",
                [
                    "--no-daemon", "--conf-file=/dev/null", "--port=53", "--listen-address=\(server)",
                    "--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/test/",
                    "--srv-host=_metrics._tcp.shop.test,a.shop.test,9090,10,60",
                    "--srv-host=_metrics._tcp.shop.test,b.shop.test,9091,20,5",
                    "--host-record=a.shop.test,127.0.0.2,fd00::2", "--host-record=a.shop.test,127.0.0.3,fd00::3",
                ], folder: folder)
            defer { program.stop() }
            let name = type == "SRV" ? "_metrics._tcp.shop.test" : "a.shop.test"
            var plan = DNSSourcePlan()
            (plan.names, plan.server) = ([name + "."], server)
            plan.type = type == "SRV" ? .srv : type == "A" ? .a : .aaaa
            if type != "SRV" { plan.port = 8_080 }
            var ours: [LabelSet] = []
            let asked = plan
            try await Live.eventually {
                ours = await Sources.answers(DNSSource(plan: asked, clock: SystemClock()), 1).first?.labels ?? []
                return ours.count == 2
            }
            let port = type == "SRV" ? "" : ", port: 8080"
            let theirs = try await VMAgent.labels(
                job: "dns_sd_configs: [{names: ['\(name).'], type: \(type)\(port)}]", folder: folder, count: 2,
                nameServer: server)
            Self.compare(ours, theirs.map { Self.asPrometheus($0, type: type) })
        }
    }

    private static let target = "__meta_dns_srv_record_target"

    /// In two labels vmagent differs from Prometheus, which ours follow: it leaves out the dot at the end of a service's target, and
    /// it gives addresses the labels of services.
    private static func asPrometheus(_ theirs: [String: String], type: String) -> [String: String] {
        var labels = theirs
        if type == "SRV" {
            labels[target] = labels[target].map { $0 + "." }
        } else {
            (labels[target], labels["__meta_dns_srv_record_port"]) = (nil, nil)
        }
        return labels
    }

    private static func compare(_ ours: [LabelSet], _ theirs: [[String: String]]) {
        func key(_ labels: [String: String]) -> String { labels["__address__"] ?? "" }
        let sorted = ours.map { VMAgent.meta($0) }.sorted { key($0) < key($1) }
        #expect(sorted == theirs.map { VMAgent.meta($0) }.sorted { key($0) < key($1) })
    }
}
