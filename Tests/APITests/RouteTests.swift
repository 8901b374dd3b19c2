import Foundation
import Testing

@testable import API

/// What can be read.
struct RouteTests {
    @Test(arguments: [
        ("/", "text/plain; charset=utf-8", "/api/v1/releases/{name}/rollback"),
        ("/api/v1/status", "application/json", #""version":"1.2.3""#),
        ("/api/v1/status?watch=1", "application/json", #""version":"1.2.3""#),
        ("/api/v1/releases", "application/json", #""releases":[{"#),
        ("/api/v1/releases/checkout", "application/json", #""name":"checkout""#),
        ("/api/v1/releases/%63heckout", "application/json", #""name":"checkout""#),
        ("/api/v1/incidents", "application/json", #""incidents":[{"#),
        ("/api/v1/incidents/checkout-17", "application/json", #""timeline":[{"#),
        ("/api/v1/rules", "application/json", #""status":"success""#),
        ("/api/v1/alerts", "application/json", #""status":"success""#),
        ("/api/v1/openapi.json", "application/json", #""openapi": "3.1.0""#),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "rollguard_build_info{version=\"1.2.3\"} 1\n"),
        ("/-/healthy", "text/plain; charset=utf-8", "healthy"),
        ("/-/ready", "text/plain; charset=utf-8", "ready"),
    ])
    func eachRouteAnswers(path: String, contentType: String, part: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.get(path)
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == contentType)
            #expect(reply.text.contains(part), "\(reply.text)")
            #expect(reply.headers["x-content-type-options"] == "nosniff")
            #expect(reply.headers["cache-control"] == "no-store")
        }
    }

    @Test(arguments: [
        ("/api/v1/nothing", true), ("/api/v1/status/", true), ("/api", true), ("/nothing", false),
        ("/apiary", false), ("/api/v1/releases/none", true), ("/api/v1/releases/", true),
        ("/api/v1/releases/%zz", true), ("/api/v1/incidents/none", true), ("//api/v1/status", false),
        ("/api/v1/../status", true), ("/api//v1/status", true), ("//", false), ("/-/healthy/", false),
        ("/api/v1/releases/checkout/", true), ("/api/v1/releases//rollback", true),
    ])
    func unknownPathsAreNotFoundInTheFormOfTheirPlace(path: String, isJSON: Bool) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.get(path)
            #expect(reply.status == 404)
            #expect((reply.headers["content-type"] == "application/json") == isJSON)
            if isJSON { #expect(try !reply.decoded(ErrorDocument.self).error.isEmpty) }
        }
    }

    @Test func anUnknownReleaseIsAnsweredWithTheKnownOnes() async throws {
        try await LiveConsole.run { console in
            let error = try await console.get("/api/v1/releases/chekout").decoded(ErrorDocument.self).error
            #expect(error == "no release is named \"chekout\"; there are: checkout")
        }
    }

    @Test(arguments: [
        ("POST", "/api/v1/status", "GET, HEAD"), ("DELETE", "/api/v1/releases/checkout", "GET, HEAD"),
        ("GET", "/api/v1/releases/checkout/rollback", "POST"), ("PUT", "/-/reload", "POST"),
        ("OPTIONS", "/api/v1/releases/checkout/rearm", "POST"), ("HEAD", "/-/reload", "POST"),
    ])
    func otherMethodsAreAnsweredWithTheAllowedOnes(method: String, path: String, allowed: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.send(method, path)
            #expect(reply.status == 405)
            #expect(reply.headers["allow"] == allowed)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(arguments: [("PROPFIND", "/api/v1/status"), ("BREW", "/metrics"), ("get", "/-/healthy")])
    func methodsThatHTTPDoesNotDefineAreNotImplemented(method: String, path: String) async throws {
        try await LiveConsole.run { console in
            let status = try await console.send(method, path).status
            // The parser itself refuses a method that it does not know.
            #expect(status == 501 || status == 400, "\(status)")
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aHeadRequestGetsTheHeadAlone() async throws {
        try await LiveConsole.run { console in
            let full = try await console.get("/api/v1/status")
            let head = try await console.send("HEAD", "/api/v1/status", headers: ["Connection: close"])
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == full.headers["content-length"])
            #expect(head.body.isEmpty)
        }
    }

    @Test func anUnreadyDaemonSaysWhy() async throws {
        try await LiveConsole.run(.init(unready: "the first cycle is not done")) { console in
            let reply = try await console.get("/-/ready")
            #expect(reply.status == 503)
            #expect(reply.text == "not ready: the first cycle is not done\n")
        }
    }

    @Test func aJournalThatCannotBeReadDoesNotHideTheState() async throws {
        try await LiveConsole.run(.init(outbox: nil, isJournalReadable: false)) { console in
            let status = try await console.get("/api/v1/status").decoded(StatusDocument.self)
            #expect(status.outbox == nil)
            #expect(status.releases.count == 1)
            let incident = try await console.get("/api/v1/incidents/checkout-17").decoded(IncidentDocument.self)
            #expect(incident.journalProblem == "cannot write the journal state: disk full")
            #expect(incident.timeline.map(\.step) == ["intended", "applied"])
            #expect(try await console.get("/api/v1/incidents/checkout-3").status == 503)
        }
    }

    @Test func anIncidentTooOldForTheSnapshotIsReadFromTheJournal() async throws {
        let entries = Sample.entries([.intended(Sample.intent), .acknowledged], incident: "checkout-3")
        try await LiveConsole.run(.init(entries: ["checkout-3": entries])) { console in
            let reply = try await console.get("/api/v1/incidents/checkout-3")
            #expect(reply.status == 200)
            #expect(try reply.decoded(IncidentDocument.self).state == "acknowledged")
        }
    }

    @Test func rulesHaveTheShapeOfPrometheus() async throws {
        try await LiveConsole.run { console in
            let rules = try await console.get("/api/v1/rules").decoded(PrometheusRules.self)
            #expect(rules.data.groups.map(\.name) == ["errors", "latency"])
            #expect(rules.data.groups.map(\.file) == ["checkout", "checkout"])
            let shown = rules.data.groups.flatMap(\.rules)
            #expect(shown.map(\.state) == ["firing", "inactive", "pending"])
            #expect(shown.map(\.health) == ["ok", "unknown", "unknown"])
            #expect(shown.map(\.duration) == [5, 0, 0])
            #expect(shown.map(\.keepFiringFor) == [0, 1.5, 0])
            #expect(shown[1].lastEvaluation == "0001-01-01T00:00:00Z")
            #expect(shown.map(\.alerts.count) == [1, 0, 1])
        }
    }

    @Test func alertsHaveTheShapeOfPrometheus() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.get("/api/v1/alerts")
            let first =
                #"{"activeAt":"2026-08-01T10:15:25.250Z","annotations":{"summary":"25% errors"},"#
                + #""labels":{"alertname":"CanaryErrors","release":"checkout","severity":"page"},"#
                + #""state":"firing","value":"2.5e-01"}"#
            let second =
                #"{"activeAt":"2026-08-01T10:15:29.250Z","annotations":{},"#
                + #""labels":{"alertname":"Slow","release":"checkout"},"state":"pending","value":"+Inf"}"#
            #expect(reply.text == "{\"data\":{\"alerts\":[\(first),\(second)]},\"status\":\"success\"}\n")
        }
    }
}
