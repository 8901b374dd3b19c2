import Declarations
import Model
import Routers
import Testing

@testable import ConfigurationFiles

/// The sides of a router may be called like the places of its release.
struct SideNameTests {
    private static let places = SideNames(baseline: "blue", canary: "green")

    private static func read(_ router: String, _ sides: SideNames?) -> (plan: RouterPlan?, errors: [String]) {
        let log = DiagnosticLog()
        let document = Document.read("r.yaml", files: MemoryFiles(["r.yaml": router]), log: log)
        let reader = RouterReader(folder: ConfigurationFolder(of: "/etc/a"), kinds: RouterKinds.all, sides: sides)
        let plan = document.flatMap { reader.form.read(Field(label: "'router'", value: $0.root, log: log)) }
        return (plan, log.sorted(.error).map { "\($0.line):\($0.column): \($0.text)" })
    }

    private static func renamed(_ router: String, _ baseline: String, _ canary: String) -> String {
        router.replacing("baseline:", with: "BASELINE:").replacing("canary:", with: "CANARY:")
            .replacing("BASELINE:", with: baseline + ":").replacing("CANARY:", with: canary + ":")
    }

    @Test(arguments: Sample.routers)
    func everyKindTakesTheNamesOfPlaces(router: String) {
        let usual = Self.read(router, nil)
        #expect(usual.plan != nil && usual.errors == [])
        // Their own names are read as well, and places may have these names in any order.
        #expect(Self.read(router, Self.places).plan == usual.plan)
        for (baseline, canary) in [("blue", "green"), ("canary", "baseline"), ("old", "canary")] {
            let sides = SideNames(baseline: baseline, canary: canary)
            let named = Self.read(Self.renamed(router, baseline, canary), sides)
            #expect(named.plan == usual.plan && named.errors == [], "\(baseline), \(canary)")
        }
    }

    @Test(
        arguments: [
            (
                "{kind: haproxy, socket: /s, backend: b, servers: {blue: [a]}}",
                ["1:50: 'servers' needs 'green'"]
            ),
            (
                "{kind: haproxy, socket: /s, backend: b, servers: {blue: [a], red: [b]}}",
                ["1:50: 'servers' needs 'green'", "1:62: unknown field 'red' in 'servers'; it has 'blue', 'green'"]
            ),
            (
                "{kind: haproxy, socket: /s, backend: b, servers: {blue: [a], canary: [b]}}",
                [
                    "1:50: 'servers' needs 'baseline'",
                    "1:51: unknown field 'blue' in 'servers'; it has 'baseline', 'canary'",
                ]
            ),
            (
                "{kind: haproxy, socket: /s, backend: b, servers: {blue: [], green: [a b]}}",
                ["1:57: 'blue' is empty; it needs at least one of the servers"]
            ),
            ("{kind: gray, instances: [\"http://a\"], blue: x}", ["1:39: unknown field 'blue' in a gray router"]),
        ] as [(String, [String])])
    func errorsAreAtTheirPlacesAndUseTheNamesThatWereWritten(router: String, wanted: [String]) {
        let errors = Self.read(router, Self.places).errors
        #expect(errors.count == wanted.count && zip(errors, wanted).allSatisfy { $0.hasPrefix($1) }, "\(errors)")
    }

    /// What a router is sent may hold any names.
    @Test func theBodyOfACallIsLeftAsItIs() throws {
        let router =
            "{kind: http, instances: [\"http://a\"], set: [{url: /x, method: PUT, body: {blue: \"${weight.baseline}\"}}]}"
        let named = Self.read(router, Self.places)
        #expect(named.plan == Self.read(router, nil).plan && named.errors == [])
    }
}
