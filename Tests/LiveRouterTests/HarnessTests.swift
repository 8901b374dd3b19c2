import Foundation
import Testing

/// The harness's own parts: what they get wrong would let a page rot.
struct HarnessTests {
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"

    /// A row whose router is missing is left out. That must not happen where everything was installed.
    @Test(.enabled(if: expectsPrograms, "only `make test` installs every router"))
    func everyProgramIsInstalled() {
        #expect(Programs.rollguard != nil)
        for router in LiveRouter.all {
            #expect(router.missing == [], "\(router.name), \(router.variant)")
        }
    }

    @Test(
        arguments: [
            ("v1 450\n", "v1 …", true), ("a\nb\nc", "a\n…\nc", true), ("a\nc", "a\n…\nc", true), ("a\nb", "a", false),
            ("{\"n\":7,\"r\":9}", "{\"n\":…,\"r\":…}", true), ("x7", "x…y", false), ("  a  \n\n b", "a\nb", true),
            ("abab", "ab…ab", true), ("aba", "ab…ba", false),
        ])
    func aTutorialIsComparedWithTheOutput(printed: String, page: String, fits: Bool) {
        #expect(PageOutput.matches(printed, page) == fits)
    }

    @Test func aDocumentsBlocksAreFound() throws {
        let page = TutorialPage(
            text: """
                ```yaml file=a.yaml
                x: 1
                ```
                ```sh run=router
                start it
                ```
                ```text
                started …
                ```
                ```sh
                not ours
                ```
                ```text
                not ours either
                ```
                ```text log=rollguard
                one
                ```
                """)
        #expect(try page.file("a.yaml") == "x: 1\n")
        #expect(try page.commands("router").map(\.output) == ["started …"])
        #expect(page.commands.count == 1 && page.log == "one")
        #expect(throws: TutorialPage.Missing.self) { _ = try page.commands("read-back") }
    }

    @Test func portsAreReplacedAndOtherNumbersAreNot() throws {
        let ports = try PortMap([8080], fixed: [8081: 31_000])
        let text = "bind 127.0.0.1:8080; 8081, v8081 8081ms 1.8081 18081 http://h:8081/"
        let free = ports[8080]
        #expect(
            ports.adapt(text)
                == "bind 127.0.0.1:\(free); 31000, v8081 8081ms 1.8081 18081 http://h:31000/")
        #expect(free != 8080)
    }

    /// `rollguard targets` shows addresses in their order, and a page that shows it does not know which ports are free.
    @Test func aLowerPortGetsALowerOne() throws {
        for _ in 0..<20 {
            let ports = try PortMap([8083, 8081, 9999, 8082], fixed: [9411: 9411])
            let given = [8081, 8082, 8083, 9999].map { ports[$0] }
            #expect(given == given.sorted())
            #expect(Set(given).count == 4)
        }
    }
}
