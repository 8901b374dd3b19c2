import Telemetry
import Testing

@Suite("The value of one label in an exposition")
struct LabelLookupTests {
    static let bodies: [(body: String, value: String?)] = [
        ("app_build_info{version=\"v1.5.0\"} 1\n", "v1.5.0"),
        ("# TYPE app_build_info gauge\nup 1\napp_build_info{commit=\"a,b=\\\"c\\\"\", version=\"v1\\\\2\"} 1", "v1\\2"),
        ("app_build_info_total{version=\"no\"} 1\napp_build_info{ version = \"yes\" } 1\n", "yes"),
        ("app_build_info{commit=\"x\"} 1\napp_build_info{version=\"second\"} 1\n", "second"),
        ("app_build_info 1\n", nil),
        ("app_build_info{version=\"open", nil),
        ("app_build_info{version}", nil),
        ("", nil),
    ]

    @Test("It is found whatever is around it", arguments: bodies)
    func found(body: String, value: String?) {
        #expect(LabelLookup.value(ofLabel: "version", metric: "app_build_info", in: Array(body.utf8)) == value)
    }
}
