import Glibc

/// Says what is wrong and ends the process, so that libFuzzer keeps the input.
func giveUp(_ text: String) -> Never {
    let line = "BROKEN: \(text)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    abort()
}
