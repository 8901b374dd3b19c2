/// libFuzzer calls this for every input it makes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    if let text = RelabellingProperties.broken(by: input) { giveUp(text) }
    return 0
}
