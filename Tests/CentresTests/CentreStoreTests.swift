import Foundation
import Model
import Testing

@testable import Centres

@Suite("The states of a centre on the disk")
struct CentreStoreTests {
    private func state(_ number: Int, manifest: Bool = true) -> CentreState {
        let files = [CentreFile(path: "releases/a.yaml", bytes: [UInt8(number), 0xFF, 0])]
        return CentreState(
            label: "etcd:/r/", revision: "\(number)", order: UInt64(number), digest: CentreDigest.of(files),
            manifest: manifest
                ? ManifestText.manifest(
                    of: files, revision: Int64(number), author: "ci", reason: "why", isForced: false) : nil,
            files: files)
    }

    @Test(arguments: [true, false])
    func whatWasSavedIsReadBack(_ hasManifest: Bool) throws {
        try inFolder { folder in
            let store = CentreStore(stateDirectory: folder)
            #expect(store.current() == nil)
            #expect(store.save(state(1, manifest: hasManifest), wallMs: 1_000) == nil)
            #expect(store.current()?.state == state(1, manifest: hasManifest))
            #expect(store.save(state(2), wallMs: 2_000) == nil)
            #expect(store.history().map(\.revision) == ["2", "1"])
        }
    }

    @Test func onlyTheNewestAreKept() throws {
        try inFolder { folder in
            let store = CentreStore(stateDirectory: folder)
            for number in 1...30 { #expect(store.save(state(number), wallMs: Int64(number) * 1_000) == nil) }
            #expect(store.history().map(\.revision) == (11...30).reversed().map(String.init))
        }
    }

    /// A file that is cut off, or was changed, is no state.
    @Test func whatIsDamagedIsNoState() throws {
        try inFolder { folder in
            let store = CentreStore(stateDirectory: folder)
            #expect(store.save(state(1), wallMs: 1_000) == nil)
            let path = folder + "/centre/current.json"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            try bytes.dropLast(10).write(to: URL(fileURLWithPath: path))
            #expect(store.current() == nil)
            let other = String(decoding: bytes, as: UTF8.self).replacingOccurrences(
                of: "releases/a.yaml", with: "releases/b.yaml")
            try Data(other.utf8).write(to: URL(fileURLWithPath: path))
            #expect(store.current() == nil)
        }
    }

    private static let order = CentreBrake.Order(by: "ann", reason: "bad push", sinceWallMs: 5_000)

    /// Also when the history that the pinned state came from is pruned.
    @Test func ordersAreKeptWithTheStateThatIsPinned() throws {
        try inFolder { folder in
            let store = CentreStore(stateDirectory: folder)
            #expect(!store.brake().brake.isSet)
            let brake = CentreBrake(pin: Self.order, detachment: Self.order)
            #expect(store.save(brake, pinned: state(1)) == nil)
            for number in 2...30 { #expect(store.save(state(number), wallMs: Int64(number) * 1_000) == nil) }
            let read = CentreStore(stateDirectory: folder).brake()
            #expect(read.brake == brake)
            #expect(read.pinned == state(1))
            #expect(store.history().count == CentreStore.limit, "orders are no state of the history")
            #expect(store.save(CentreBrake(), pinned: nil) == nil)
            #expect(!store.brake().brake.isSet)
        }
    }

    /// An operator wanted something else than the centre: what is damaged does not lead back to it.
    @Test func ordersThatCannotBeReadDetach() throws {
        try inFolder { folder in
            let store = CentreStore(stateDirectory: folder)
            #expect(store.save(CentreBrake(pin: Self.order), pinned: state(1)) == nil)
            let path = folder + "/centre/brake.json"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            for damaged in [
                Data(bytes.dropLast(10)), Data(),
                Data(String(decoding: bytes, as: UTF8.self).replacing("releases/a.yaml", with: "releases/b.yaml").utf8),
            ] {
                try damaged.write(to: URL(fileURLWithPath: path))
                let read = store.brake()
                #expect(read.brake.detachment != nil && read.pinned == nil)
            }
        }
    }

    @Test(arguments: [
        ("2", "2"), ("sha256:", nil), ("nonsense", nil), ("31", nil),
    ])
    func aStateIsNamedByItsManifestOrDigest(_ text: String, _ revision: String?) throws {
        let states = (1...3).map { state($0) }
        let found = try? CentreReference.find(text, in: states)
        #expect(found?.revision == revision)
        for one in states {
            #expect(try CentreReference.find(CentreReference.short(one.digest), in: states) == one)
        }
    }

    private func inFolder(_ work: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "rollguard-centre-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try work(folder)
    }
}
