import Foundation
import Testing

/// The page in a real browser: `scripts/test-page.py` follows a rollback there, and acts on a release.
@Suite("The page in a browser")
struct PageBrowserTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let python = root.appendingPathComponent(".page-venv/bin/python").path
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
    private static var canRun: Bool { expectsPrograms || FileManager.default.isExecutableFile(atPath: python) }

    @Test(.enabled(if: canRun, "only `make test` installs a browser"))
    func showsARollbackAsItHappensAndTakesOrders() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "rollguard-page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = try #require(Executable.path)
        let script = PageBrowserTests.root.appendingPathComponent("scripts/test-page.py").path
        let run = try Executable(program: PageBrowserTests.python, [script, program], folder: folder)
        let end = await run.end(withinSeconds: 240)
        await run.kill9()
        #expect(end?.status == 0, "\(run.text.suffix(3_000))")
    }
}
