import Crypto
import Foundation
import Model
import Testing

@testable import API

/// An incident as a signed file, and the plots that are kept with it.
struct ReportTests {
    private static let entries = Sample.entries(Sample.events, incident: "checkout-17")
    private static let script = ScriptedOperations.Script(snapshot: Sample.led, entries: ["checkout-17": entries])

    @Test func isAsTheDaemonSignedIt() async throws {
        try await LiveConsole.run(ReportTests.script) { console in
            let reply = try await console.get("/api/v1/incidents/checkout-17/report")
            #expect(reply.status == 200)
            #expect(reply.headers["content-disposition"] == #"attachment; filename="checkout-17.html""#)
            let key = try await console.get("/api/v1/report-key").text.trimmingCharacters(in: .whitespacesAndNewlines)
            let report = try SignedReport(reply.body)
            #expect(report.publicKey == key)
            try report.verify()
            try report.verify(with: key)
            let again = try SignedReport(try await console.get("/api/v1/incidents/checkout-17/report").body)
            #expect(again.publicKey == key, "one key for all reports of a daemon")
        }
    }

    /// Wherever a byte of the file is another one, the report is not taken.
    @Test func aChangedByteIsFound() throws {
        let key = Curve25519.Signing.PrivateKey()
        let signed = try SignedReport.signed(Array("<p>8.1 %</p>\n".utf8), with: key)
        for index in signed.indices.dropLast() {
            var changed = signed
            changed[index] ^= 1
            #expect(throws: SignedReport.Problem.self) {
                try SignedReport(changed).verify(with: key.publicKey.rawRepresentation.base64EncodedString())
            }
        }
    }

    @Test func aReportOfAnotherKeyIsNotTaken() throws {
        let signed = try SignedReport.signed(Array("<p>\n".utf8), with: Curve25519.Signing.PrivateKey())
        let other = Curve25519.Signing.PrivateKey().publicKey.rawRepresentation.base64EncodedString()
        let report = try SignedReport(signed)
        #expect(throws: SignedReport.Problem.changed) { try report.verify(with: other) }
        #expect(throws: SignedReport.Problem.invalidSignature("the key is not 32 bytes in base64")) {
            try report.verify(with: "x")
        }
    }

    @Test(arguments: [
        "", "\n", "<html></html>\n", "<!-- rollguard-signature ed25519 -->", "<!-- rollguard-signature ed25519 a b -->",
        "<!-- rollguard-signature ed25519 a b c -->",
    ])
    func aFileWithoutASignatureIsNoReport(text: String) {
        #expect(throws: SignedReport.Problem.self) { try SignedReport(Array(text.utf8)).verify() }
    }

    @Test func theKeyIsMadeOnceAndForThisUserAlone() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try ReportKey(folder: folder).publicKey()
        #expect(try ReportKey(folder: folder).publicKey() == first)
        let rights = try FileManager.default.attributesOfItem(atPath: folder + "/report.key")[.posixPermissions] as? Int
        #expect(rights == 0o600)
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: folder + "/report.key"))
        #expect(throws: (any Error).self) { try ReportKey(folder: folder).publicKey() }
    }

    /// Texts of releases, rules and operators are texts, whatever they hold.
    @Test func textsOfOthersAreEscaped() {
        let text = "</script><img src=x onerror=alert(1)> & \"quoted\""
        let markup: ReportText = "<p>\(text)</p>"
        #expect(
            markup.text
                == "<p>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quoted&quot;</p>")
    }

    // MARK: Plots

    private static func book(_ folder: String?) async -> (book: HistoryBook, snapshot: Snapshot) {
        let book = HistoryBook(plots: folder.map { IncidentPlots(folder: $0) })
        var snapshot = Sample.led
        let opened = snapshot.incidents.first?.openedWallMs ?? 0
        snapshot.releases[0].name = snapshot.incidents.first?.release ?? ""
        for second: Int64 in stride(from: -60, through: 900, by: 2) {
            snapshot.atWallMs = opened + second * 1_000
            await book.take(snapshot)
        }
        return (book, snapshot)
    }

    @Test func theTimeAroundAnIncidentIsKeptOverARestart() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plots-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (_, snapshot) = await ReportTests.book(folder)
        let incident = try #require(snapshot.incidents.first)
        let afterARestart = HistoryBook(plots: IncidentPlots(folder: folder))
        let bytes = try #require(await afterARestart.plots(of: incident))
        let document = try JSONDecoder().decode(HistoryDocument.self, from: Data(bytes))
        let times = document.points.compactMap { $0[0].map { Int64($0) } }
        #expect(times.first == incident.openedWallMs - 60_000)
        #expect(times.allSatisfy { $0 <= incident.openedWallMs + IncidentPlots.longestMs + IncidentPlots.afterMs })
        #expect(times.contains { $0 > incident.openedWallMs })
    }

    @Test(arguments: ["", "../../etc/passwd", String(repeating: "x", count: 500), "a/b", ".", "shop/api-1"])
    func anIDIsNoPath(id: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plots-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let plots = IncidentPlots(folder: folder)
        plots.write(ReleaseHistory(), incident: id, release: "checkout")
        let made = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
        #expect(made.allSatisfy { !$0.contains("/") && !$0.contains("..") && $0.hasSuffix(".json") }, "\(made)")
        #expect((plots.read(id) != nil) == !made.isEmpty)
    }

    @Test func theOldestPlotsMakeRoom() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plots-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let plots = IncidentPlots(folder: folder)
        for number in 0...IncidentPlots.fileLimit {
            plots.write(ReleaseHistory(), incident: "checkout-\(number)", release: "checkout")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == IncidentPlots.fileLimit)
    }
}
