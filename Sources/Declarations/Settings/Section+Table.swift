/// The reference table of a section.
extension Section {
    /// One row per field; the fields of a nested mapping follow it as `mapping.field`.
    package var rows: [SettingRow] {
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
        let shownDefault = setting.isOfBlank ? nil : exactlyOneDefault(setting)
        return SettingRow(
            names: setting.names, summary: setting.summary, shownDefault: shownDefault ?? setting.defaultText(blank),
            sentence: setting.sentence)
    }

    private func exactlyOneDefault(_ setting: Setting<Root>) -> String? {
        let names = exactlyOne.first { $0.contains(setting.names[0]) }
        return names.map { "one of " + $0.map { "`\($0)`" }.joined(separator: ", ") }
    }
}

extension Setting {
    /// What a table shows as the default, as Markdown.
    ///
    /// - Parameter blank: the section's.
    func defaultText(_ blank: Root) -> String {
        switch shownDefault {
        case .required: "required"
        case .text(let text): text
        case .ofBlank(let text): text(blank)
        }
    }

    fileprivate var isOfBlank: Bool { if case .ofBlank = shownDefault { true } else { false } }
}

extension SettingRow {
    /// Lines of a Markdown table.
    package static func table(_ rows: [SettingRow]) -> [String] {
        ["| field | value | default | meaning |", "| --- | --- | --- | --- |"]
            + rows.map { row in
                let names = row.names.map { "`\($0)`" }.joined(separator: ", ")
                return "| \(names) | \(row.summary) | \(row.shownDefault) | \(row.sentence) |"
            }
    }
}
