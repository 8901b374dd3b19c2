import Foundation
import Ports
import Testing

@testable import TargetSources

/// The same recorded answers of an engine, read by us and by vmagent. Labels of images are ours (and newer
/// Prometheus') alone.
@Suite(
    "The labels of the docker source",
    .enabled(
        if: RealProgram.path("vmagent") != nil && RealProgram.path("python3") != nil, "needs vmagent and python3"))
struct DockerLabelTests {
    private static let answers = [
        "containers_json": """
        [{"Id":"c1","Names":["/shop"],"Image":"shop:1","Labels":{"com.docker.app":"shop","version":"v1"},
          "Ports":[{"IP":"0.0.0.0","PrivatePort":8080,"PublicPort":18080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}],
          "HostConfig":{"NetworkMode":"b"},"NetworkSettings":{"Networks":{
            "b":{"IPAddress":"172.18.0.2","NetworkID":"nb"},"a":{"IPAddress":"172.17.0.2","NetworkID":"na"}}}},
         {"Id":"c3","Names":["/hosted"],"Image":"x","Labels":{},"Ports":[],"HostConfig":{"NetworkMode":"host"},
          "NetworkSettings":{"Networks":{"host":{"IPAddress":"","NetworkID":"nh"}}}}]
        """,
        "networks": """
        [{"Id":"na","Name":"a","Scope":"local","Internal":true,"Ingress":false,"Labels":{"x.y":"1"}},
         {"Id":"nb","Name":"b","Scope":"local","Internal":false,"Ingress":false,"Labels":{}},
         {"Id":"nh","Name":"host","Scope":"local","Internal":false,"Ingress":false,"Labels":null}]
        """,
    ]

    /// Answers by the end of the path, whatever version of the API precedes it.
    private static let server = """
        import http.server, re, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = re.sub(r'^/v[0-9.]+', '', self.path.split('?')[0]).strip('/').replace('/', '_')
                try: body = open(path, 'rb').read()
                except OSError: return self.send_error(404)
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
        """

    @Test func areThoseOfAnotherImplementation() async throws {
        try await Live.inFolder { folder in
            for (name, body) in Self.answers {
                try body.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            }
            let port = Live.port()
            let program = try RealProgram("python3", ["-c", Self.server, "\(port)"], folder: folder)
            defer { program.stop() }
            let address = "http://127.0.0.1:\(port)"
            try await Live.eventually { await Live.call("GET", address + "/networks") != nil }
            var plan = DockerSourcePlan()
            (plan.address, plan.isFirstNetworkOnly) = (address, false)
            let ours = try #require(
                await Sources.answers(DockerSource(plan: plan, setup: Live.setup()), 1).first?.labels)
            let theirs = try await VMAgent.labels(
                job: "docker_sd_configs: [{host: '\(address)'}]", folder: folder, count: ours.count)
            #expect(ours.count == 3)
            for labels in ours {
                let other = try #require(theirs.first { $0["__address__"] == labels["__address__"] })
                let known = VMAgent.meta(labels).filter { !$0.key.hasPrefix("__meta_docker_container_image") }
                #expect(VMAgent.meta(other) == known)
            }
        }
    }
}
