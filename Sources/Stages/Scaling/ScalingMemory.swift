/// Numbers that a scaler keeps or works on: zeros to begin with, 64-byte aligned, freed with this object.
@safe final class ScalingMemory<Element: BitwiseCopyable & ExpressibleByIntegerLiteral> {
  let count: Int
  // SAFETY: holds `count` initialized elements as long as this object lives. Used by the one thread of its scaler.
  let start: UnsafeMutablePointer<Element>

  init(count: Int) {
    self.count = max(1, count)
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: self.count * MemoryLayout<Element>.stride, alignment: 64)
    unsafe start = bytes.initializeMemory(as: Element.self, repeating: 0, count: self.count)
  }

  deinit { unsafe start.deallocate() }
}
