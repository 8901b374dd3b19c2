import Glibc

/// Starts the transfer thread.
enum TransferThread {
    private final class Start: Sendable {
        let make: @Sendable () -> TransferLoop

        init(make: @escaping @Sendable () -> TransferLoop) { self.make = make }
    }

    /// The loop is made on its own thread, so nothing of it is ever shared.
    ///
    /// - Returns: false when the system gives no thread.
    static func start(_ make: @escaping @Sendable () -> TransferLoop) -> Bool {
        let context = Unmanaged.passRetained(Start(make: make))
        var thread = pthread_t()
        guard pthread_create(&thread, nil, body, context.toOpaque()) == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Signals are the other threads' business; above all a broken connection inside OpenSSL must not raise SIGPIPE.
    private static let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        guard let context else { return nil }
        Unmanaged<Start>.fromOpaque(context).takeRetainedValue().make().run()
        return nil
    }
}

/// Time that never jumps, and also passes while the machine sleeps.
enum MonotonicClock {
    static func nowMs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}
