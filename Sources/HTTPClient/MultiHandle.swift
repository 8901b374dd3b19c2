import CCurl

/// libcurl's multi handle. All calls but `wakeUp` belong to the transfer thread.
///
/// `@unchecked Sendable`: `curl_multi_wakeup` is the one function libcurl lets other threads call, and ``Mailbox`` makes
/// sure that none does so once the handle is destroyed.
struct MultiHandle: @unchecked Sendable {
    let raw: UnsafeMutableRawPointer

    /// Nil when there is no memory or no file descriptor left.
    init?(maxConnections: Int) {
        guard let raw = curl_multi_init() else { return nil }
        self.raw = raw
        _ = rg_multi_set_long(raw, CURLMOPT_MAXCONNECTS, maxConnections)
        _ = rg_multi_set_long(raw, CURLMOPT_MAX_TOTAL_CONNECTIONS, maxConnections)
    }

    func wakeUp() { _ = curl_multi_wakeup(raw) }

    func destroy() { _ = curl_multi_cleanup(raw) }
}
