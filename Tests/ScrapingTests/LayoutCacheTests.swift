import Telemetry
import Testing

@testable import Scraping

@Suite("The shelf of layouts")
struct LayoutCacheTests {
    private static func reader(of page: String, _ shelf: LayoutCache) throws -> TargetReader {
        var reader = try TargetReader(
            watch: WatchList(requests: SeriesSelector(metric: "r_total")), limits: ScrapeLimits())
        var scratch = ReadingScratch()
        _ = try reader.read(
            Array(page.utf8), format: .prometheusText, atUptimeMs: 1_000, countNewWithin: nil, scratch: &scratch,
            layouts: shelf.offer(isNew: reader.isNew))
        if let layout = reader.layout { reader.share(shelf.shared(layout)) }
        return reader
    }

    @Test func targetsWithEqualBodiesShareALayout() throws {
        let shelf = LayoutCache()
        let readers = try (0..<20).map { try Self.reader(of: "r_total{kind=\"\($0 % 3)\"} \($0)\n", shelf) }
        #expect(Set(readers.map { $0.layout.map(ObjectIdentifier.init) }).count == 3)
        #expect(readers[4].layout === readers[1].layout && readers[4].layout !== readers[2].layout)
    }

    /// Both made one before either was on the shelf.
    @Test func ofTwoEqualLayoutsOneIsKept() throws {
        let shelf = LayoutCache()
        let first = try Self.reader(of: "r_total 1\n", LayoutCache())
        var second = try Self.reader(of: "r_total 2\n", LayoutCache())
        let one = try #require(first.layout)
        let other = try #require(second.layout)
        #expect(shelf.shared(one) === one && shelf.shared(other) === one)
        second.share(one)
        #expect(second.layout === one)
    }

    @Test func anUnusedLayoutIsGone() throws {
        let shelf = LayoutCache()
        do { _ = try Self.reader(of: "r_total 1\n", shelf) }
        #expect(shelf.offer(isNew: true).known.isEmpty)
    }

    @Test func beyondTheLimitBodiesAreReadTokenByToken() throws {
        let shelf = LayoutCache(limitBytes: 1)
        let first = try Self.reader(of: "r_total 1\n", shelf)
        let second = try Self.reader(of: "r_total{a=\"b\"} 1\n", shelf)
        #expect(first.layout != nil && second.layout == nil)
        // One that is there costs nothing more.
        #expect(try Self.reader(of: "r_total 5\n", shelf).layout === first.layout)
    }
}
