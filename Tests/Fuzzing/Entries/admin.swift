/// Made once: it has files.
private let properties = try? AdminProperties()

/// libFuzzer calls this for every input it makes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    guard let properties else { giveUp("the router's files cannot be made") }
    if let text = properties.broken(by: input) { giveUp(text) }
    return 0
}
