import Model

/// One step of the plan, checked and with its templates read.
struct CheckedStep: Sendable {
    struct Header: Sendable {
        let name: String
        let value: Template
    }

    struct Requirement: Sendable {
        let pointer: JSONPointer
        let filters: [Filter]
        let equals: BodyTemplate
        let isConflict: Bool
    }

    enum Origin: Sendable {
        case header(String)
        case pointer(JSONPointer)
    }

    struct Capture: Sendable {
        let variable: String
        let origin: Origin
    }

    let method: String
    let target: StepTarget
    let headers: [Header]
    let body: BodyTemplate?
    let timeoutMs: Int64
    let expect: [Int]
    let conflict: [Int]
    let bodyEquals: String?
    let require: [Requirement]
    let capture: [Capture]

    init(_ step: HTTPRouterPlan.Step, names: TemplateNames) throws(RouterPlanError) {
        method = try CheckedStep.method(step.method)
        target = try StepTarget(step.url, names: names)
        headers = try CheckedStep.headers(step.headers, names)
        body = try step.body.map { body throws(RouterPlanError) in try BodyTemplate(body, names: names) }
        guard body == nil || (method != "GET" && method != "HEAD") else {
            throw RouterPlanError("a \(method) with a body; write its method (PUT, POST or PATCH)")
        }
        guard (1...600_000).contains(step.timeoutMs) else {
            throw RouterPlanError("a step's timeout must be 1 ms to 600 s, not \(step.timeoutMs) ms")
        }
        timeoutMs = step.timeoutMs
        expect = try CheckedStep.statuses(step.expect, what: "expect")
        guard !expect.isEmpty else { throw RouterPlanError("expect is empty, so no answer could be a success") }
        conflict = try CheckedStep.statuses(step.conflict, what: "conflict")
        bodyEquals = step.bodyEquals.map(PlainSpace.trim)
        require = try CheckedStep.requirements(step.require, names)
        capture = try CheckedStep.captures(step.capture)
    }

    /// Whether it can change the router (RFC 9110, section 9.2.1).
    var isChange: Bool { method != "GET" && method != "HEAD" && method != "OPTIONS" }

    var usesSplit: Bool {
        target.template.usesSplit || headers.contains { $0.value.usesSplit } || body?.usesSplit == true
    }

    /// All of a list, each with what the ones before it capture.
    static func all(
        _ steps: [HTTPRouterPlan.Step], names: TemplateNames, what: String
    ) throws(RouterPlanError) -> [CheckedStep] {
        guard (1...20).contains(steps.count) else {
            throw RouterPlanError("\(what) needs 1 to 20 steps, not \(steps.count)")
        }
        var names = names
        var checked: [CheckedStep] = []
        for (index, step) in steps.enumerated() {
            do {
                checked.append(try CheckedStep(step, names: names))
            } catch {
                throw RouterPlanError("\(what), step \(index + 1): \(error.message)")
            }
            names.captured.formUnion(step.capture.map(\.variable))
        }
        return checked
    }

    // MARK: Checks

    private static func method(_ text: String) throws(RouterPlanError) -> String {
        let isWord = text.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard isWord, (1...32).contains(text.utf8.count), text != "CONNECT" else {
            throw RouterPlanError(
                "the method \"\(ShownText.line(text, limit: 40))\" cannot be sent; write GET, PUT, POST…")
        }
        return text
    }

    private static func headers(_ pairs: [TextPair], _ names: TemplateNames) throws(RouterPlanError) -> [Header] {
        guard pairs.count <= 50 else { throw RouterPlanError("more than 50 headers") }
        var headers: [Header] = []
        for pair in pairs {
            guard HeaderRules.isName(pair.name) else {
                throw RouterPlanError("\"\(ShownText.line(pair.name, limit: 60))\" is no header name")
            }
            guard HeaderRules.isValue(pair.value) else {
                throw RouterPlanError("the value of the header \(pair.name) holds a line break or control character")
            }
            headers.append(Header(name: pair.name, value: try Template(pair.value, names: names)))
        }
        return headers
    }

    private static func statuses(_ statuses: [Int], what: String) throws(RouterPlanError) -> [Int] {
        for status in statuses where !(100...599).contains(status) {
            throw RouterPlanError("\(what): \(status) is no HTTP status")
        }
        return statuses
    }

    private static func requirements(
        _ plans: [HTTPRouterPlan.Requirement], _ names: TemplateNames
    ) throws(RouterPlanError) -> [Requirement] {
        guard plans.count <= 50 else { throw RouterPlanError("more than 50 requirements") }
        var found: [Requirement] = []
        for plan in plans {
            found.append(
                Requirement(
                    pointer: try JSONPointer(plan.pointer), filters: try Filter.all(plan.filters),
                    equals: try BodyTemplate(plan.equals, names: names), isConflict: plan.isConflict))
        }
        return found
    }

    private static func captures(_ plans: [HTTPRouterPlan.Capture]) throws(RouterPlanError) -> [Capture] {
        guard plans.count <= 20 else { throw RouterPlanError("more than 20 captures") }
        var found: [Capture] = []
        for plan in plans {
            guard isVariable(plan.variable) else {
                throw RouterPlanError(
                    "\"\(ShownText.line(plan.variable, limit: 60))\" cannot be captured into: a name is letters, digits and"
                        + " '_', begins with no digit, and is not release or instance")
            }
            switch plan.origin {
            case .pointer(let text):
                found.append(Capture(variable: plan.variable, origin: .pointer(try JSONPointer(text))))
            case .header(let name):
                guard HeaderRules.isName(name) else {
                    throw RouterPlanError("\"\(ShownText.line(name, limit: 60))\" is no header name")
                }
                found.append(Capture(variable: plan.variable, origin: .header(name)))
            }
        }
        return found
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        guard TemplateVariable.known[name] == nil, name.utf8.count <= 60 else { return false }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || HeaderRules.isLetterOrDigit($0) }
    }
}

/// RFC 9110, sections 5.1 and 5.5.
enum HeaderRules {
    static func isName(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    static func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) } }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
