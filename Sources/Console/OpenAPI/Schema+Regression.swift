extension Schema {
    /// What a rule that asks for proof knows. Fields that are not required are absent while there is no such number.
    static let regressionSchemas: [Schema] = [
        Schema(
            "Regression",
            [
                Field("tolerance", .number, "How much worse the canary may be; 0.1 is a tenth."),
                Field("false_alarm", .number, "The rule's false-alarm probability over the release, 0...1."),
                Field("method", .words(["pair", "share"]), "Which test."),
                Field("log_evidence", .number, "Natural logarithm of the evidence now; 0 is none."),
                Field("max_log_evidence", .number, "The largest so far; decisions rest on it."),
                Field("bar_log_evidence", .number, "What it has to pass."),
                Field("chance_one_in", .number, "So much evidence comes about by chance in one of so many releases."),
                Field("worse", .flag, "The canary is shown to be worse."),
                Field("safe", .flag, "The canary is shown to be at most safe_ratio times as bad."),
                Field("safe_ratio", .number),
                Field(
                    "comparisons", .list(.reference("RegressionComparison")), "The most telling first, at most four."),
                Field("percentiles", .list(.reference("RegressionPercentile"))),
                Field("requests_needed", .number, "Of both pools, at the ratio seen.", required: false),
                Field("seconds_needed", .number, "The same at the present rate.", required: false),
                Field("detectable", .list(.reference("RegressionDetectable"))),
                Field("sentence", .text, "All of it in a sentence."),
                Field("self_check", .reference("SelfCheck"), required: false),
            ]),
        Schema(
            "RegressionComparison",
            [
                Field("name", .text, "errors, or slower than a boundary."),
                Field("baseline", .reference("RegressionSide")), Field("canary", .reference("RegressionSide")),
                Field("ratio", .number, "The canary's rate by the baseline's.", required: false),
                Field("ratio_low", .number, required: false), Field("ratio_high", .number, required: false),
                Field("tolerated_ratio", .number), Field("log_evidence", .number),
                Field("dispersion", .number, "So many times fewer independent bad requests than were counted."),
            ]),
        Schema(
            "RegressionSide",
            [
                Field("requests", .number, "Since the release began."), Field("bad", .number),
                Field("rate", .number, required: false), Field("rate_low", .number), Field("rate_high", .number),
            ]),
        Schema(
            "RegressionPercentile",
            [
                Field("name", .text),
                Field("baseline_low_seconds", .number, required: false),
                Field("baseline_high_seconds", .number, required: false),
                Field("canary_low_seconds", .number, required: false),
                Field("canary_high_seconds", .number, required: false),
            ]),
        Schema(
            "RegressionDetectable",
            [
                Field("seconds", .number),
                Field("ratio", .number, "Absent when not even a canary that fails always.", required: false),
            ]),
        Schema("SelfCheck", [Field("runs", .integer), Field("false_alarms", .integer)]),
    ]
}
