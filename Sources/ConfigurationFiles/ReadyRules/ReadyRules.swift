/// The rule files of the folder `rules`, which are compiled into the program.
package enum ReadyRules {
    /// In the order in which a configuration would name them.
    package static let files: [(name: String, text: String)] = [
        ("regression.yaml", text(PackageResources.regression_yaml)),
        ("backstop.yaml", text(PackageResources.backstop_yaml)),
        ("error-rate.yaml", text(PackageResources.error_rate_yaml)),
        ("latency-p99.yaml", text(PackageResources.latency_p99_yaml)),
        ("traffic-absent.yaml", text(PackageResources.traffic_absent_yaml)),
        ("both-pools-sick.yaml", text(PackageResources.both_pools_sick_yaml)),
    ]

    package static func text(of name: String) -> String? { files.first { $0.name == name }?.text }

    /// The files that fit what a service exports.
    package static func fitting(hasErrors: Bool, hasLatency: Bool) -> [String] {
        switch (hasErrors, hasLatency) {
        case (true, true): ["regression.yaml", "backstop.yaml", "traffic-absent.yaml"]
        case (true, false): ["error-rate.yaml", "traffic-absent.yaml"]
        case (false, true): ["latency-p99.yaml", "traffic-absent.yaml"]
        case (false, false): ["traffic-absent.yaml"]
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
