/// The text formats a scraped body can be in. Which one a body is in is said by its Content-Type alone, as Prometheus 3
/// does it.
public enum ExpositionFormat: String, Sendable, Equatable, Codable, CaseIterable {
    /// Prometheus text format 0.0.4.
    case prometheusText = "prometheus-text"
    /// OpenMetrics 1.0.
    case openMetrics = "openmetrics"
}
