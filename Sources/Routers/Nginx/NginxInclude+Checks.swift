import Model

/// Refuses what would be syntax in nginx's configuration, or would come out of an unintended variable.
extension NginxInclude {
    static func check(
        _ choices: [NginxIncludePlan.Choice], _ baseline: String, _ canary: String
    ) throws(RouterPlanError) {
        guard !choices.isEmpty else { throw RouterPlanError("split names no variable") }
        var seen: Set<String> = []
        for choice in choices {
            guard isVariable(choice.variable), seen.insert(choice.variable).inserted else {
                throw RouterPlanError(
                    "\"\(ShownText.line(choice.variable, limit: 80))\" must be a variable such as $checkout_version, once"
                )
            }
            guard !choice.key.isEmpty, choice.key.utf8.count <= 200, choice.key.utf8.allSatisfy(isKeyByte) else {
                throw RouterPlanError(
                    "the key \"\(ShownText.line(choice.key, limit: 80))\" must be made of variables such as $request_id"
                )
            }
        }
        guard isWord(baseline), isWord(canary), baseline != canary else {
            throw RouterPlanError(
                "baseline and canary must be two different names of letters, digits, '-', '_', '.', ':'")
        }
    }

    static func check(_ name: String, _ baseline: [String], _ canary: [String]) throws(RouterPlanError) {
        guard isWord(name) else {
            throw RouterPlanError("the upstream \"\(ShownText.line(name, limit: 80))\" is no name for nginx")
        }
        guard !baseline.isEmpty, !canary.isEmpty else {
            throw RouterPlanError("upstream needs servers of both versions")
        }
        var seen: Set<String> = []
        for server in baseline + canary {
            guard isWord(server) || (server.hasPrefix("unix:/") && isWord(server.replacing("/", with: "_"))) else {
                throw RouterPlanError("the server \"\(ShownText.line(server, limit: 80))\" is no HOST:PORT")
            }
            guard seen.insert(server).inserted else {
                throw RouterPlanError("the server \(server) is named twice; it belongs to one version")
            }
        }
    }

    private static func isVariable(_ text: String) -> Bool {
        text.hasPrefix("$") && (2...100).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "$_{}.:-".utf8.contains(byte) }

    static func isWord(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.:[]".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
