import Telemetry
import Testing

@testable import Scraping

@Suite("Samples of one target")
struct InstanceSamplesTests {
    private static func series(
        _ name: String, _ labels: [(String, String)] = [], _ samples: (Int64, Double)...
    ) -> ServerSeries {
        ServerSeries(
            name: name, labels: labels.map { (name: $0.0, value: $0.1) },
            samples: samples.map { .init(timeMs: $0.0, value: $0.1, text: "\($0.1)") })
    }

    @Test func aScrapeIsAnExpositionAgain() throws {
        let samples = InstanceSamples([
            Self.series("a_total", [("path", "/a\"b\\c\nd")], (1_000, 1), (16_000, 3)),
            Self.series("b", [], (16_000, 2)),
        ])
        let body = samples.body(atMs: 16_000)
        let read = try Exposition.samples(in: body, format: .prometheusText)
        #expect(read.map(\.name) == ["a_total", "b"] && read.map(\.value) == [3, 2])
        #expect(read[0].labels.map(\.value) == ["/a\"b\\c\nd"] && read.allSatisfy { $0.timestampMs == 16_000 })
        #expect(try Exposition.samples(in: samples.body(atMs: 1_000), format: .prometheusText).map(\.value) == [1])
    }

    @Test func theFirstAnswerGivesItsNewestScrapeAsTheBase() {
        let samples = InstanceSamples([Self.series("a", [], (1_000, 1), (16_000, 3), (31_000, 4))])
        #expect(samples.newTimesMs(after: nil, serverMs: 60_000) == [31_000])
        #expect(samples.newTimesMs(after: 1_000, serverMs: 60_000) == [16_000, 31_000])
        #expect(samples.newTimesMs(after: 31_000, serverMs: 60_000).isEmpty)
        #expect(samples.intervalMs == 15_000)
    }

    /// A histogram of which some buckets are of this scrape and some of the one before would be one that never was.
    @Test func aScrapeThatIsBeingStoredIsNotReadYet() {
        let samples = InstanceSamples([
            Self.series("h_bucket", [("le", "1")], (1_000, 1), (16_000, 3)), Self.series("h_count", [], (1_000, 1)),
        ])
        #expect(samples.newTimesMs(after: 1_000, serverMs: 17_000).isEmpty)
        // After that the series is gone.
        #expect(samples.newTimesMs(after: 1_000, serverMs: 22_000) == [16_000])
    }

    @Test func oneReplicaIsReadAndKept() {
        func both(_ a: Int, _ b: Int) -> [ServerSeries] {
            [("A", a), ("B", b)].map { replica, count in
                ServerSeries(
                    name: "r", labels: [(name: "replica", value: replica)],
                    samples: (0..<count).map { .init(timeMs: Int64($0), value: 1, text: "1") })
            }
        }
        #expect(SeriesCopies.ofOneReplica(both(2, 3), kept: nil).replica == "B")
        #expect(SeriesCopies.ofOneReplica(both(3, 3), kept: nil).replica == "A")
        #expect(SeriesCopies.ofOneReplica(both(9, 3), kept: "B").replica == "B")
        #expect(SeriesCopies.ofOneReplica(both(9, 0), kept: "B").replica == "A")
        #expect(SeriesCopies.ofOneReplica(both(9, 3), kept: nil).series.count == 1)
        #expect(SeriesCopies.ofOneReplica([Self.series("r", [], (1, 1))], kept: nil).replica == nil)
    }
}
