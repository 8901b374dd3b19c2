import CKafka
import Ports

/// What codes of librdkafka and of Kafka mean for the outbox. Source: rdkafka.h, `rd_kafka_resp_err_t`; Kafka's protocol guide,
/// "Error Codes".
enum KafkaMeaning {
    private static let forbidden = [
        RG_KAFKA_LOGIN, RG_KAFKA_LOGIN_REFUSED, RG_KAFKA_NO_SUCH_MECHANISM, RG_KAFKA_TOPIC_FORBIDDEN,
        RG_KAFKA_CLUSTER_FORBIDDEN, RG_KAFKA_PRODUCER_FORBIDDEN,
    ].map { Int32($0) }

    /// Another try would be answered in the same way.
    private static let refused = [
        RG_KAFKA_NO_SUCH_TOPIC, RG_KAFKA_UNKNOWN_TOPIC, RG_KAFKA_INVALID_TOPIC, RG_KAFKA_MESSAGE_TOO_LARGE,
        RG_KAFKA_BATCH_TOO_LARGE, RG_KAFKA_POLICY, RG_KAFKA_INVALID_RECORD, RG_KAFKA_INVALID_ARGUMENT,
    ].map { Int32($0) }

    static func isLogin(_ code: Int32) -> Bool { code == Int32(RG_KAFKA_LOGIN) }

    /// - Parameters:
    ///   - code: of the report, or of what kept the record from being queued; 0 is stored.
    ///   - text: what is said of it, without a secret.
    static func outcome(_ code: Int32, _ text: String) -> BrokerOutcome {
        if code == 0 { return .stored(isDuplicate: false) }
        if forbidden.contains(code) { return .forbidden(text) }
        return refused.contains(code) ? .refused(text) : .failed(text)
    }
}
