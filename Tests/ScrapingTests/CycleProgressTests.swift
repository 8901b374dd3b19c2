import Synchronization
import SystemSupport
import Testing

@testable import Scraping

@Suite("A scrape cycle's end")
struct CycleProgressTests {
    private final class Ends: Sendable {
        private let counter = Mutex(0)
        let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        init() { (stream, continuation) = AsyncStream.makeStream() }

        var count: Int { counter.withLock { $0 } }

        func end() {
            counter.withLock { $0 += 1 }
            continuation.yield()
        }

        func next() async {
            for await _ in stream { return }
        }
    }

    @Test func comesOnceWithTheLastScrape() async {
        let ends = Ends()
        let progress = CycleProgress(lateAfterMs: nil, clock: SystemClock()) { ends.end() }
        progress.reported(.baseline)
        progress.reported(.canary)
        #expect(ends.count == 0)
        await progress.finish()
        await progress.finish()
        #expect(ends.count == 1)
    }

    @Test func comesEarlierWhenTheLateAreNotAwaited() async {
        let ends = Ends()
        let progress = CycleProgress(lateAfterMs: 1, clock: SystemClock()) { ends.end() }
        progress.reported(.canary)
        progress.askedAll()
        progress.reported(.baseline)
        await ends.next()
        await progress.finish()
        #expect(ends.count == 1)
    }

    @Test func noTargetIsLateBeforeAllWereAsked() async {
        let ends = Ends()
        let progress = CycleProgress(lateAfterMs: 1, clock: SystemClock()) { ends.end() }
        progress.reported(.baseline)
        progress.reported(.canary)
        #expect(!progress.isWaitingForTheLate)
        progress.askedAll()
        #expect(progress.isWaitingForTheLate)
        await ends.next()
        #expect(ends.count == 1)
    }

    @Test func doesNotComeEarlierWhileOnePoolIsSilent() async {
        let ends = Ends()
        let progress = CycleProgress(lateAfterMs: 1, clock: SystemClock()) { ends.end() }
        progress.askedAll()
        progress.reported(.canary)
        progress.reported(.canary)
        #expect(!progress.isWaitingForTheLate)
        progress.abandon()
        await progress.finish()
        #expect(ends.count == 0)
    }
}
