import Foundation
import Testing

@testable import ReferenceRouter

struct StateTests {
    @Test func theSplitOutlivesTheRouter() async throws {
        let folder = try TemporaryFolder()
        let baseline = try await StubServer.start { _ in .ok("old") }
        let canary = try await StubServer.start { _ in .ok("new") }
        for (expected, next) in [(10_000, 0), (0, 2_500), (2_500, 2_500)] {
            let router = try await TestRouter.start(
                baseline: [baseline.address], canary: [canary.address], canaryBasisPoints: 10_000, folder: folder)
            let found = try await Reply.to("GET", "/api/v1/split", at: router.admin)
            #expect(found.rawBody.contains("\"canary_basis_points\":\(expected),"))
            #expect(try await router.setSplit(next).status == 200)
            await router.stop()
        }
        await baseline.stop()
        await canary.stop()
    }

    @Test func theFirstSplitIsSavedAtOnceAndRevisionsGoOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("split.json")
        do {
            let store = try SplitStore(path: path, initialCanaryBasisPoints: 700)
            #expect(store.current == SavedSplit(canaryBasisPoints: 700, revision: 1))
            #expect(change(store, to: 0) == 2)
        }
        let store = try SplitStore(path: path, initialCanaryBasisPoints: 700)
        #expect(store.current == SavedSplit(canaryBasisPoints: 0, revision: 2))
        #expect(store.split.canaryBasisPoints == 0)
        #expect(change(store, to: 700) == 3)
    }

    private func change(_ store: SplitStore, to basisPoints: Int) -> Int? {
        let change = SplitStore.Change(
            canaryBasisPoints: basisPoints, precondition: nil, idempotencyKey: nil, body: [])
        _ = store.change(change) { .json(.ok, "\($0.revision)") }
        return store.current.canaryBasisPoints == basisPoints ? store.current.revision : nil
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{}", "{\"format\":1,\"canary_basis_points\":1000}",
        "{\"format\":1,\"canary_basis_points\":10001,\"revision\":1}",
        "{\"format\":1,\"canary_basis_points\":-1,\"revision\":1}",
        "{\"format\":1,\"canary_basis_points\":0,\"revision\":0}",
        "{\"format\":1,\"canary_basis_points\":0,\"revision\":9223372036854775807}",
        "{\"format\":2,\"canary_basis_points\":0,\"revision\":1}", "{\"format\":1,\"canary_basis_points\":0,\"revi",
        String(repeating: " ", count: 5_000),
    ])
    func aDamagedStateFileIsAnErrorAndStaysAsItIs(text: String) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "split.json")
        do {
            let router = try await TestRouter.start(baseline: ["127.0.0.1:1"], canary: ["127.0.0.1:1"], folder: folder)
            await router.stop()
            Issue.record("it started with \(text)")
        } catch let error as GrayRouterError {
            guard case .stateUnusable(path, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect("\(error)".contains("restore the file, or remove it"))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func aFolderInPlaceOfTheStateFileIsAnError() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("split.json"), withIntermediateDirectories: false)
        let error = #expect(throws: GrayRouterError.self) {
            _ = try SplitStore(path: folder.file("split.json"), initialCanaryBasisPoints: 0)
        }
        #expect(error == .stateUnusable(path: folder.file("split.json"), reason: "Is a directory"))
    }

    @Test func aStateFileBelongsToOneRouter() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("split.json")
        do {
            let first = try SplitStore(path: path, initialCanaryBasisPoints: 0)
            let error = #expect(throws: GrayRouterError.self) {
                _ = try SplitStore(path: path, initialCanaryBasisPoints: 0)
            }
            #expect(error == .stateInUse(path: path))
            #expect(first.current.revision == 1)
        }
        #expect(try SplitStore(path: path, initialCanaryBasisPoints: 0).current.revision == 1)
    }

    @Test func aClosedStoreGivesTheFileFreeAndChangesNothing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("split.json")
        let first = try SplitStore(path: path, initialCanaryBasisPoints: 100)
        first.close()
        let second = try SplitStore(path: path, initialCanaryBasisPoints: 0)
        #expect(change(first, to: 0) == nil)
        #expect(second.current == SavedSplit(canaryBasisPoints: 100, revision: 1))
    }

    @Test func aMissingFolderIsAnError() {
        let error = #expect(throws: GrayRouterError.self) {
            _ = try SplitStore(path: "/nowhere/at/all/split.json", initialCanaryBasisPoints: 0)
        }
        #expect(error == .stateUnwritable(path: "/nowhere/at/all/split.json", reason: "No such file or directory"))
    }

    /// More for the new version waits until it is saved; less for it does not wait for a broken disk, whichever side it
    /// is.
    @Test(arguments: [Version.canary, .baseline])
    func aChangeThatCannotBeSavedIsInForceOnlyTowardsTheOldVersion(new: Version) throws {
        let folder = try TemporaryFolder()
        func points(_ percent: Int) -> Int { new == .canary ? percent * 100 : 10_000 - percent * 100 }
        let store = try SplitStore(path: folder.file("split.json"), initialCanaryBasisPoints: points(10))
        // A folder where the temporary file should be: its writing fails whoever runs the test.
        try FileManager.default.createDirectory(
            atPath: folder.file("split.json.tmp"), withIntermediateDirectories: false)
        let api = AdminAPI(
            store: store, metrics: RouterMetrics(), baseline: BackendGroup(["a:1"]), token: nil)
        func put(_ percent: Int) -> AdminRequest {
            let body = "{\"canary_basis_points\":\(points(percent)),\"new_version\":\"\(new)\"}"
            return AdminRequest(method: .PUT, path: "/api/v1/split", body: Array(body.utf8))
        }
        #expect(api.answer(put(30)).status == .insufficientStorage)
        #expect(store.current == SavedSplit(canaryBasisPoints: points(10), revision: 1))
        #expect(store.split.canaryBasisPoints == points(10))
        #expect(api.answer(put(0)).status == .insufficientStorage)
        #expect(store.split.canaryBasisPoints == points(0))
        // The same again is not done until it is on the disk.
        #expect(api.answer(put(0)).status == .insufficientStorage)
        try FileManager.default.removeItem(atPath: folder.file("split.json.tmp"))
        #expect(api.answer(put(0)).status == .ok)
        store.close()
        let restarted = try SplitStore(path: folder.file("split.json"), initialCanaryBasisPoints: 1_000)
        #expect(restarted.split.canaryBasisPoints == points(0))
    }
}
