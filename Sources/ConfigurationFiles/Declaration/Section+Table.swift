/// The reference table of a section.
extension Section {
    /// One row per field; the fields of a nested mapping follow it as `mapping.field`.
    var rows: [SettingRow] {
        settings.flatMap { setting in
            [row(of: setting)]
                + setting.rows().map { row in
                    SettingRow(
                        names: row.names.map { "\(setting.names[0]).\($0)" }, summary: row.summary,
                        shownDefault: row.shownDefault, sentence: row.sentence)
                }
        }
    }

    private func row(of setting: Setting<Root>) -> SettingRow {
        let shownDefault =
            switch setting.shownDefault {
            case .required: exactlyOneDefault(setting) ?? "required"
            case .text(let text): exactlyOneDefault(setting) ?? text
            case .ofBlank(let text): text(blank)
            }
        return SettingRow(
            names: setting.names, summary: setting.summary, shownDefault: shownDefault, sentence: setting.sentence)
    }

    private func exactlyOneDefault(_ setting: Setting<Root>) -> String? {
        let names = exactlyOne.first { $0.contains(setting.names[0]) }
        return names.map { "one of " + $0.map { "`\($0)`" }.joined(separator: ", ") }
    }
}

extension SettingRow {
    /// Lines of a Markdown table.
    static func table(_ rows: [SettingRow]) -> [String] {
        ["| field | value | default | meaning |", "| --- | --- | --- | --- |"]
            + rows.map { row in
                let names = row.names.map { "`\($0)`" }.joined(separator: ", ")
                return "| \(names) | \(row.summary) | \(row.shownDefault) | \(row.sentence) |"
            }
    }
}
