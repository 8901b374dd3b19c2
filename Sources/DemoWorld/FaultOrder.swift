/// `POST /fault?errors=0.5`: how an operator breaks a demo service on purpose.
enum FaultOrder {
    static let path = "/fault"
    static let usage =
        "POST /fault?errors=SHARE (0 to 1), /fault?latency=MS&share=SHARE or /fault?none; a share is 1 unless said otherwise\n"

    /// Nil for what is no order.
    static func fault(_ uri: String) -> DemoFault? {
        let parts = uri.split(separator: "?", maxSplits: 1)
        guard parts.first == "/fault", parts.count == 2 else { return nil }
        var values: [String: String] = [:]
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[sides[0]] = sides.count > 1 ? sides[1] : ""
        }
        if values.keys.sorted() == ["none"] { return DemoFault.none }
        if let errors = values["errors"] {
            return values.count == 1 ? share(errors).map { .errors(share: $0) } : nil
        }
        guard let latency = values["latency"].flatMap({ Int($0) }), latency >= 0 else { return nil }
        guard values.keys.allSatisfy({ ["latency", "share"].contains($0) }) else { return nil }
        return share(values["share"] ?? "1").map { .latency(extraMs: latency, share: $0) }
    }

    private static func share(_ text: String) -> Double? {
        Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
    }

    static func text(_ fault: DemoFault) -> String {
        switch fault {
        case .none: "no fault"
        case .errors(let share): "\(share) of the requests fail"
        case .latency(let extraMs, let share): "\(share) of the requests take \(extraMs) ms longer"
        case .crash: "crashed"
        }
    }
}
