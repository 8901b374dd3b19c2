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

    private func inFolder(_ work: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "rollguard-centre-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try work(folder)
    }
}
