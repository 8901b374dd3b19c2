import Model
import Testing

@testable import Centres

/// What a reading of a centre may do, and what it must never do: remove something because it is absent.
@Suite("The judge of a centre's readings")
struct CentreJudgeTests {
    static let release = CentreFile(path: "releases/checkout.yaml", bytes: Array("name: checkout".utf8))
    static let search = CentreFile(path: "releases/search.yaml", bytes: Array("name: search".utf8))
    static let rules = CentreFile(path: "rules/errors.yaml", bytes: Array("groups: []".utf8))

    static func manifest(
        _ files: [CentreFile], _ revision: Int64, force: Bool = false
    ) -> CentreFile {
        let manifest = ManifestText.manifest(
            of: files, revision: revision, author: "ci", reason: "why", isForced: force)
        return CentreFile(path: "manifest", bytes: ManifestText.encode(manifest))
    }

    static func reading(_ files: [CentreFile], order: UInt64 = 7) -> CentreReading {
        CentreReading(revision: "\(order)", order: order, files: files)
    }

    /// A judge that has accepted what the reading holds.
    static func judge(accepting files: [CentreFile], order: UInt64 = 7, needsManifest: Bool = false) -> CentreJudge {
        var judge = CentreJudge(label: "etcd:/r/", needsManifest: needsManifest)
        guard case .candidate(let state) = judge.judge(reading(files, order: order), at: 0) else {
            Issue.record("the first reading is no candidate")
            return judge
        }
        judge.accept(state)
        return judge
    }

    static func name(_ verdict: CentreVerdict) -> String {
        switch verdict {
        case .same: "same"
        case .candidate: "candidate"
        case .waiting: "waiting"
        case .refused: "refused"
        }
    }

    @Test func takesTheFilesOfTheManifestAndNoOther() throws {
        let files = [Self.release, Self.rules]
        var judge = CentreJudge(label: "etcd:/r/", needsManifest: true)
        let reading = Self.reading([Self.search, Self.manifest(files, 3)] + files)
        guard case .candidate(let state) = judge.judge(reading, at: 0) else {
            Issue.record("no candidate")
            return
        }
        #expect(state.files == files)
        #expect(state.manifest?.revision == 3)
        #expect(state.manifest?.author == "ci")
        #expect(state.digest == CentreDigest.of(files))
        judge.accept(state)
        #expect(judge.judge(reading, at: 1) == .same)
    }

    /// Each row is a reading after a manifest of revision 3 with two files.
    @Test(arguments: [
        ("an empty prefix", [], "waiting"),
        ("a missing manifest", [release, rules], "waiting"),
        ("a missing file", [manifest([release, rules], 4), rules], "waiting"),
        (
            "an empty file", [manifest([release, rules], 4), rules, CentreFile(path: release.path, bytes: [])],
            "waiting"
        ),
        (
            "another content than listed",
            [manifest([release, rules], 4), release, CentreFile(path: rules.path, bytes: [1])], "waiting"
        ),
        ("a lower revision", [manifest([release], 2), release], "refused"),
        ("a lower revision that was forced once", [manifest([release], 2, force: true), release], "refused"),
        ("another content under the same revision", [manifest([release], 3), release], "refused"),
        ("a higher revision without a file", [manifest([release], 4), release], "candidate"),
        ("a manifest that is no JSON", [CentreFile(path: "manifest", bytes: [0x7B]), release], "refused"),
        (
            "a manifest of another schema",
            [CentreFile(path: "manifest", bytes: Array(#"{"schema":2,"revision":9,"files":{"a":"b"}}"#.utf8))],
            "refused"
        ),
        (
            "a manifest without files",
            [CentreFile(path: "manifest", bytes: Array(#"{"schema":1,"revision":9,"files":{}}"#.utf8))], "refused"
        ),
        ("a higher revision without any release", [manifest([rules], 4), rules], "refused"),
        ("the release under another name", [manifest([search], 4), search], "candidate"),
        ("a file outside of the folders", [manifest([CentreFile(path: "../x", bytes: [1])], 4)], "refused"),
    ])
    func judgesWhatFollowsAManifest(_ what: String, _ files: [CentreFile], _ verdict: String) {
        var judge = Self.judge(accepting: [Self.release, Self.rules, Self.manifest([Self.release, Self.rules], 3)])
        #expect(Self.name(judge.judge(Self.reading(files), at: 1)) == verdict, "\(what)")
    }

    /// Half of a change is not an error at first.
    @Test func filesThatDoNotFitTheirManifestAreWaitedForAndThenRefused() {
        var judge = Self.judge(accepting: [Self.release, Self.manifest([Self.release], 1)])
        let half = Self.reading([Self.release, Self.manifest([Self.release, Self.rules], 2)])
        #expect(Self.name(judge.judge(half, at: 0)) == "waiting")
        #expect(Self.name(judge.judge(half, at: 29_999)) == "waiting")
        #expect(Self.name(judge.judge(half, at: 30_000)) == "refused")
        let whole = Self.reading([Self.release, Self.rules, Self.manifest([Self.release, Self.rules], 2)])
        #expect(Self.name(judge.judge(whole, at: 30_001)) == "candidate")
        #expect(Self.name(judge.judge(half, at: 30_002)) == "waiting", "the time begins again")
    }

    /// Each row is a reading after two files without a manifest, at revision 7.
    @Test(
        arguments: [
            ("an empty prefix", [], 8, "waiting"),
            ("an empty file", [release, CentreFile(path: rules.path, bytes: [])], 8, "waiting"),
            ("the same", [release, rules], 9, "same"),
            ("the same after a restored backup", [release, rules], 3, "same"),
            ("a change", [release, CentreFile(path: rules.path, bytes: [1])], 8, "candidate"),
            ("a change after a restored backup", [release, CentreFile(path: rules.path, bytes: [1])], 3, "refused"),
            ("a key in no folder", [release, rules, CentreFile(path: "release/x.yaml", bytes: [1])], 8, "refused"),
            ("a key of another purpose", [release, rules, CentreFile(path: "policy/x", bytes: [1])], 8, "same"),
            ("a manifest that appears", [release, manifest([release], 1)], 8, "candidate"),
            ("a file that is gone", [release], 8, "waiting"),
        ] as [(String, [CentreFile], UInt64, String)])
    func judgesWhatFollowsFilesWithoutAManifest(
        _ what: String, _ files: [CentreFile], _ order: UInt64, _ verdict: String
    ) {
        var judge = Self.judge(accepting: [Self.release, Self.rules])
        #expect(Self.name(judge.judge(Self.reading(files, order: order), at: 1)) == verdict, "\(what)")
    }

    @Test func aKeyThatIsGoneLeavesAfterASecondReadingTenSecondsLater() {
        var judge = Self.judge(accepting: [Self.release, Self.rules])
        let without = Self.reading([Self.release], order: 8)
        #expect(Self.name(judge.judge(without, at: 0)) == "waiting")
        #expect(Self.name(judge.judge(without, at: 9_999)) == "waiting")
        #expect(judge.judge(Self.reading([Self.release, Self.rules], order: 9), at: 10_000) == .same)
        #expect(Self.name(judge.judge(without, at: 10_001)) == "waiting", "it was there meanwhile")
        #expect(Self.name(judge.judge(without, at: 20_001)) == "candidate")
    }

    @Test func mostReleasesDoNotLeaveAtOnceUnlessForced() {
        let many = (1...4).map { CentreFile(path: "releases/r\($0).yaml", bytes: [UInt8($0)]) }
        let one = [many[0]]
        var judge = Self.judge(accepting: many + [Self.manifest(many, 1)])
        #expect(Self.name(judge.judge(Self.reading(one + [Self.manifest(one, 2)]), at: 0)) == "refused")
        #expect(Self.name(judge.judge(Self.reading(one + [Self.manifest(one, 2, force: true)]), at: 0)) == "candidate")
        var plain = Self.judge(accepting: many)
        #expect(Self.name(plain.judge(Self.reading(one, order: 8), at: 0)) == "refused")
        let half = Array(many.prefix(2))
        #expect(Self.name(judge.judge(Self.reading(half + [Self.manifest(half, 2)]), at: 0)) == "candidate")
    }

    @Test func severalFilesThatChangeOneByOneNeedAManifest() {
        var judge = CentreJudge(label: "apollo:/shop/", needsManifest: true)
        #expect(Self.name(judge.judge(Self.reading([Self.release, Self.rules]), at: 0)) == "refused")
        let whole = CentreFile(path: "rollguard.yaml", bytes: [1])
        #expect(Self.name(judge.judge(Self.reading([whole]), at: 0)) == "candidate")
    }

    @Test func tooMuchIsRefused() {
        var judge = CentreJudge(label: "etcd:/r/", needsManifest: false)
        let large = CentreFile(path: "rules/a.yaml", bytes: Array(repeating: 35, count: CentreLimits.fileBytes + 1))
        #expect(Self.name(judge.judge(Self.reading([large]), at: 0)) == "refused")
        let many = (0...CentreLimits.files).map { CentreFile(path: "rules/\($0).yaml", bytes: [1]) }
        #expect(Self.name(judge.judge(Self.reading(many), at: 0)) == "refused")
    }

    /// Whatever readings come without a manifest, a file that leaves was absent from every reading of at least 10 s.
    @Test(arguments: 0..<200)
    func noSequenceOfReadingsRemovesByAbsence(_ seed: Int) {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func draw(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let all = [Self.release, Self.search, Self.rules]
        var judge = Self.judge(accepting: all)
        var (now, order) = (Int64(0), UInt64(10))
        var absentSince: [String: Int64] = [:]
        for _ in 0..<40 {
            now += Int64(draw(12_000))
            order += 1
            let present = all.filter { _ in draw(3) > 0 }
            for file in all {
                let isPresent = present.contains(file)
                absentSince[file.path] = isPresent ? nil : absentSince[file.path] ?? now
            }
            guard case .candidate(let taken) = judge.judge(Self.reading(present, order: order), at: now) else {
                continue
            }
            for lost in judge.accepted?.files.map(\.path).filter({ taken.file($0) == nil }) ?? [] {
                let absentMs = absentSince[lost].map { now - $0 } ?? -1
                #expect(absentMs >= 10_000, "\(lost) left at \(now), absent for \(absentMs) ms")
            }
            judge.accept(taken)
        }
    }
}
