import Glibc

/// Settings of the memory allocator.
package enum AllocatorSettings {
    /// By default each thread that allocates gets an arena of its own, up to eight per core, and none gives back what
    /// another could use. Scrape bodies move from the transfer thread to whichever thread reads them, so every arena
    /// would grow to the size of the largest. From here on no arena is added to those that there are, which is one or
    /// two by now; `MALLOC_ARENA_MAX=1` in the environment holds from the process's first moment and saves some more.
    ///
    /// Found by name, because Swift's view of the C library leaves `malloc.h` out. Without it all works the same.
    package static func addNoArenas() {
        guard let symbol = dlsym(nil, "mallopt") else { return }
        let setOption = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        _ = setOption(arenaMaximum, 1)
    }

    /// `M_ARENA_MAX` of `malloc.h`.
    private static let arenaMaximum: Int32 = -8
}
