import Model
import Ports
import SourceCalls
import Synchronization
import Testing

@testable import Centres

extension CentreBench: CustomTestStringConvertible {
    var testDescription: String { kind }
}

/// What callers may rely on, whichever kind of centre it is.
@Suite("Every kind of centre")
struct CentreConformanceTests {
    private static let texts = [
        "releases/checkout.yaml": "name: \"checkout\"\nscrape: {interval: 5s}\n", "rules/errors.yaml": "groups: []\n",
    ]

    /// With a manifest, as `push` writes it.
    private static var files: [String: String] {
        let manifest = ManifestText.manifest(
            of: Live.files(texts), revision: 3, author: "ci", reason: "why", isForced: false)
        return texts.merging(["manifest": String(decoding: ManifestText.encode(manifest), as: UTF8.self)]) { $1 }
    }

    @Test(arguments: CentreBench.all)
    func readsTheFilesAsTheyAre(_ bench: CentreBench) async throws {
        let centre = bench.centre(CentreBench.setup(ScriptedTransport { bench.server(Self.files, $0) }))
        let reading = try await centre.read()
        #expect(reading.files == Live.files(Self.files))
        #expect(!reading.revision.isEmpty)
        var judge = CentreJudge(label: centre.label, needsManifest: centre.needsManifest)
        guard case .candidate(let state) = judge.judge(reading, at: 0) else {
            Issue.record("no candidate")
            return
        }
        #expect(state.manifest?.revision == 3)
    }

    @Test(arguments: CentreBench.all)
    func whatIsAbsentIsEmptyAndNoError(_ bench: CentreBench) async throws {
        let centre = bench.centre(CentreBench.setup(ScriptedTransport { bench.server([:], $0) }))
        #expect(try await centre.read().files.isEmpty)
    }

    /// A half answer, another format, an HTML document: an error, and never an empty or a shorter reading.
    @Test(arguments: CentreBench.all, ["status 500", "status 403", "no JSON", "half", "unreachable", "HTML"])
    func whatCannotBeReadIsAnErrorWithoutTheSecret(_ bench: CentreBench, _ fault: String) async throws {
        let transport = ScriptedTransport { request in
            let isAside = ["auth", "services/config"].contains { request.url.contains($0) }
            let good = bench.server(Self.files, request)
            if isAside { return good }
            switch fault {
            case "status 500": return .reply("failed for top-secret-c0ffee", status: 500)
            case "status 403": return .reply("denied for top-secret-c0ffee", status: 403)
            case "unreachable": return .unreachable
            case "half":
                guard case .success(var response) = good, response.status == 200 else { return good }
                response.body = Array(response.body.prefix(response.body.count / 2))
                return .success(response)
            case "HTML": return .reply("<html>maintenance</html>")
            default: return .reply("top-secret-c0ffee")
            }
        }
        // The first version of Nacos answers with the bare text: what is wrong with it shows in the manifest.
        let centre = bench.centre(CentreBench.setup(transport))
        guard bench.kind == "nacos v1", ["no JSON", "half", "HTML"].contains(fault) else {
            let error = await #expect(throws: SourceError.self) { try await centre.read() }
            #expect(error?.reason.contains("top-secret") == false, "\(error?.reason ?? "")")
            return
        }
        var judge = CentreJudge(label: centre.label, needsManifest: centre.needsManifest)
        switch judge.judge(try await centre.read(), at: 0) {
        case .candidate, .same: Issue.record("it was taken")
        case .waiting, .refused: break
        }
    }

    /// A server that is silent, or answers at once, neither blocks the reader nor is asked without a pause.
    @Test(arguments: CentreBench.all, ["silent", "at once", "refused"])
    func aWaitIsBoundedAndNeverBusy(_ bench: CentreBench, _ behaviour: String) async throws {
        let isWaiting = Mutex(false)
        let clock = ImpatientClock()
        let transport = ScriptedTransport { request in
            guard isWaiting.withLock({ $0 }) else { return bench.server(Self.files, request) }
            switch behaviour {
            case "silent": return .failure(.timedOut(address: "127.0.0.1", afterMs: request.timeoutMs))
            case "refused": return .reply("no", status: 500)
            default: return bench.server(Self.files, request)
            }
        }
        let centre = bench.centre(CentreBench.setup(transport, clock: clock))
        let reading = try await centre.read()
        isWaiting.withLock { $0 = true }
        let (requests, sleeps) = (transport.requests.count, clock.sleeps.count)
        try await centre.waitForChange(after: reading)
        #expect(transport.requests.count - requests <= 1)
        #expect(clock.sleeps.dropFirst(sleeps).reduce(0, +) >= 100)
        for request in transport.requests.dropFirst(requests) { #expect(request.timeoutMs <= 150_000) }
        isWaiting.withLock { $0 = false }
        #expect(try await centre.read().files == Live.files(Self.files), "it can be read again")
    }
}
