import Glibc

/// How the C library's allocator behaves in the daemon.
enum MemoryHabits {
    /// By default each thread that allocates gets an arena of its own, up to eight per core, and none gives back what
    /// another could use. Pages wander from the transfer thread to whichever thread reads them, so every arena would
    /// grow to the size of the largest. One arena costs no speed here: threads keep their small blocks to themselves.
    ///
    /// Looked up by name, because Swift's view of the C library leaves `malloc.h` out. Without it all works the same.
    static func shareOneArena() {
        guard let symbol = dlsym(nil, "mallopt") else { return }
        let setOption = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        _ = setOption(arenaMaximum, 1)
    }

    /// `M_ARENA_MAX` of `malloc.h`.
    private static let arenaMaximum: Int32 = -8
}
