import Centres
import Model
import SourceCalls
import Testing

@testable import Daemon

/// What a refused change of the centre means: the answer to the one before may have been lost.
struct ShareReturnTests {
    @Test(arguments: [("0", "9", "agrees"), ("20", "9", "is later"), ("50", "7", "failed"), (nil, "9", "is later")])
    func aConflictIsReadAgain(_ value: String?, _ version: String, _ text: String) {
        let order = ShareOrder(basisPoints: 5_000, revision: "7", source: "etcd:/r/")
        let files = value.map { [CentreFile(path: SharePolicy.shareKey, bytes: Array($0.utf8))] } ?? []
        let reading = CentreReading(revision: "9", files: files, versions: [SharePolicy.shareKey: version])
        let outcome = ShareReturn.Outcome(order, reading, SourceError("the key has changed since", status: 409))
        var attempt = ShareReturn(of: order)
        let hasBegun = attempt.begin(at: 0, seed: 1)
        #expect(hasBegun)
        attempt.end(outcome)
        switch outcome {
        case .agrees: #expect(text == "agrees" && attempt.isOver)
        case .isLater: #expect(text == "is later" && attempt.isOver)
        case .failed: #expect(text == "failed" && !attempt.isOver)
        }
    }
}
