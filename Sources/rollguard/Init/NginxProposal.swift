import Foundation
import HTTPClient
import Ports
import Routers

/// nginx is asked twice: the address that serves the split, and `nginx -T` for the configuration behind it.
extension RouterQuestion {
    func nginx(_ transport: any HTTPTransport) async -> RouterProposal {
        var remarks: [String] = []
        do throws(RouterSurveyError) {
            let answer = try await RouterSurvey.nginxAnswer(
                address, transport: transport, secrets: SystemSecretStore())
            if answer == .endpoint, let endpoint { return endpoint }
        } catch { remarks.append("\(error)") }
        do throws(RouterSurveyError) {
            let survey = try await RouterSurvey.nginx(command)
            let matches = PoolMatch.all(in: survey, for: pools)
            guard matches.count == 1, let place = matches[0].group.place else {
                return unknownNginx(remarks + undecided(survey, matches).remarks)
            }
            return NginxProposal(question: self, match: matches[0], place: place, remarks: remarks).proposal
        } catch { return unknownNginx(remarks + ["\(error)"]) }
    }

    /// The address taken apart; nil where it has no path.
    private var endpoint: RouterProposal? {
        guard let scheme = address.range(of: "://"), let slash = address[scheme.upperBound...].firstIndex(of: "/")
        else { return nil }
        return RouterProposal(
            lines: [
                "kind: nginx", "instances: [\(YAMLText.quoted(String(address[..<slash])))]",
                "path: \(YAMLText.quoted(String(address[slash...])))",
            ], isComplete: true, remarks: ["an endpoint that takes the share"])
    }

    private func unknownNginx(_ remarks: [String]) -> RouterProposal {
        let pair = "{baseline: \(YAMLText.list(pools.baseline)), canary: \(YAMLText.list(pools.canary))}"
        return RouterProposal(
            lines: ["kind: nginx"] + remarks.prefix(5).map { "# Not found out: \(YAMLText.comment($0))" } + [
                "# Rollguard writes this file; nginx's configuration has to include it and to serve its state:",
                "#   include /etc/nginx/rollguard/checkout.conf;",
                "#   location = /.rollguard/checkout { return 200 \"$rollguard_checkout\"; }",
                "include: /etc/nginx/rollguard/checkout.conf", "state_url: \(YAMLText.quoted(address))",
                "upstream:", "  name: checkout",
                "  # The addresses that nginx sends requests to, if metrics have another port.", "  servers: \(pair)",
            ], isComplete: false, remarks: remarks + ["docs/tutorials/nginx.md shows the lines that nginx needs"])
    }
}

/// The include of an nginx whose configuration was found.
private struct NginxProposal {
    let question: RouterQuestion
    let match: PoolMatch
    let place: NginxPlace
    /// What could not be found out before.
    let remarks: [String]

    var proposal: RouterProposal {
        let missing = remarks + problems
        let found = "\(file): \(match.baseline.joined(separator: ", ")) and \(match.canary.joined(separator: ", "))"
        return RouterProposal(
            lines: ["kind: nginx"] + missing.map { "# To do: \(YAMLText.comment($0))" } + lines,
            isComplete: missing.isEmpty, name: place.release, remarks: [found] + missing)
    }

    /// nginx names a file of its prefix as it is in the configuration.
    private var file: String { URL(fileURLWithPath: place.file).standardized.path }

    private var lines: [String] {
        let command =
            question.command == RouterQuestion.usualNginx
            ? []
            : [
                "command: \(YAMLText.list(question.command))"
            ]
        return [
            "# Rollguard writes this file whole, checks it with `nginx -t`, and reloads nginx.",
            "include: \(YAMLText.quoted(file))",
        ] + command + ["state_url: \(YAMLText.quoted(question.address))"] + content
    }

    private var content: [String] {
        guard !place.choices.isEmpty else {
            return [
                "upstream:", "  name: \(YAMLText.quoted(match.group.name ?? ""))",
                "  servers: \(YAMLText.pools(match))",
            ]
        }
        let choices = place.choices.map { choice in
            "{variable: \(YAMLText.quoted(choice.variable)), key: \(YAMLText.quoted(choice.key))}"
        }
        return [
            "split:", "  choices: [\(choices.joined(separator: ", "))]",
            "  baseline: \(YAMLText.quoted(match.baseline[0]))", "  canary: \(YAMLText.quoted(match.canary[0]))",
        ]
    }

    /// What has to change in nginx's configuration, or in the answers.
    private var problems: [String] {
        var problems: [String] = []
        if let foreign = place.foreign {
            problems.append("move the split out of \(file) into a file of its own: there is a '\(foreign)' beside it")
        }
        guard let found = place.release else {
            return problems + [
                "\(file) has no variable that serves its state: map \"\" $rollguard_checkout { default "
                    + "'{\"canary_basis_points\":0,\"revision\":\"first\"}'; }"
            ]
        }
        if let release = question.release, Self.variable(release) != found {
            problems.append(
                "the release is '\(release)', and the state in \(file) is that of '\(found)'; rename one of them")
        }
        return problems
    }

    /// As the driver names the variable of a release.
    private static func variable(_ release: String) -> String {
        String(release.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? Character($0.lowercased()) : "_" })
    }
}
