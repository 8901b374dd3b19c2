import Ports
import Testing

@testable import Scraping

@Suite("Answers of a Prometheus server")
struct ServerAnswerTests {
    private static func response(_ body: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: [], body: Array(body.utf8))
    }

    private static func matrix(_ result: String, _ more: String = "") -> String {
        "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(result)]}\(more)}"
    }

    @Test func rawSamplesAreRead() throws {
        let answer = Self.matrix(
            "{\"metric\":{\"__name__\":\"r_total\",\"job\":\"shop\",\"code\":\"200\"},"
                + "\"values\":[[1700000000.5,\"1\"],[1700000015.5,\"3\"]]}", ",\"infos\":[\"a remark\"]")
        let series = try ServerAnswer.series(Self.response(answer))
        #expect(series.count == 1 && series[0].name == "r_total")
        #expect(series[0].labels.map(\.name) == ["code", "job"])
        #expect(series[0].samples.map(\.timeMs) == [1_700_000_000_500, 1_700_000_015_500])
        #expect(series[0].samples.map(\.value) == [1, 3])
    }

    /// VictoriaMetrics shows the end of a series as NaN.
    @Test func theMarkOfAnEndedSeriesIsNoSample() throws {
        let answer = Self.matrix("{\"metric\":{\"__name__\":\"r\"},\"values\":[[1,\"5\"],[2,\"NaN\"]]}")
        #expect(try ServerAnswer.series(Self.response(answer))[0].samples.map(\.value) == [5])
    }

    /// Whatever may be less than the truth is an error, never a smaller number.
    @Test(arguments: [
        (200, "<html>", "is not the JSON"), (502, "<html>", "status 502"),
        (422, "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"query timed out\"}", "query timed out"),
        (200, "{\"status\":\"error\",\"error\":\"no\"}", "no"),
        (200, matrix("", ",\"warnings\":[\"store 10.0.0.1 is down\"]"), "store 10.0.0.1 is down"),
        (200, matrix("", ",\"isPartial\":true"), "partial"),
        (200, "{\"status\":\"success\"}", "no data"),
        // The time of an instant vector is the evaluation's: a sample of five minutes ago seems to be of now.
        (
            200,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"r\"},"
                + "\"value\":[1700000000,\"5\"]}]}}", "not the samples of a range"
        ),
        (200, matrix("{\"metric\":{\"__name__\":\"r\"},\"values\":[[1,\"five\"]]}"), "no number: five"),
        (200, matrix("{\"metric\":{\"__name__\":\"r\"},\"values\":[[2,\"5\"],[1,\"6\"]]}"), "not in order"),
        (200, matrix("{\"metric\":{\"__name__\":\"h\"},\"histograms\":[[1,{}]]}"), "native histograms of h"),
    ])
    func anAnswerThatMayBeIncompleteIsRefused(_ status: Int, _ body: String, _ reason: String) {
        let error = #expect(throws: ServerAnswerError.self) {
            try ServerAnswer.series(Self.response(body, status: status))
        }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1700000000.25,\"1700000000.25\"]}}",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
            + "\"value\":[1700000000,\"1700000000.25\"]}]}}",
    ])
    func theTimeIsReadInBothForms(_ body: String) throws {
        #expect(try ServerAnswer.timeMs(Self.response(body)) == 1_700_000_000_250)
    }
}
