import Glibc

/// Says what is wrong and ends the process, so that libFuzzer keeps the input.
func giveUp(_ text: String) -> Never {
    let line = Array("BROKEN: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}
