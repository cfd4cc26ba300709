/// Memory for what one call of a plugin is given: bytes that go all at once when the call has returned. In steady state
/// nothing is allocated.
@safe final class CallMemory {
  private static let alignment = 16

  // SAFETY: owned by this object, and freed when another block replaces it and in deinit.
  private var block: UnsafeMutableRawPointer
  private var size = 16 << 10
  private var used = 0
  /// Blocks that were not large enough during this call.
  private var outgrown: [UnsafeMutableRawPointer] = unsafe []

  init() { unsafe block = .allocate(byteCount: size, alignment: Self.alignment) }

  deinit {
    unsafe block.deallocate()
    unsafe outgrown.forEach { unsafe $0.deallocate() }
  }

  /// Begins a call: what was given out before is gone.
  func reset() {
    used = 0
    if unsafe !outgrown.isEmpty {
      unsafe outgrown.forEach { unsafe $0.deallocate() }
      unsafe outgrown.removeAll()
    }
  }

  func bytes(_ count: Int) -> UnsafeMutableRawPointer {
    let rounded = (count + Self.alignment - 1) & ~(Self.alignment - 1)
    if used + rounded > size {
      unsafe outgrown.append(block)
      size = max(size * 2, rounded * 2)
      unsafe block = .allocate(byteCount: size, alignment: Self.alignment)
      used = 0
    }
    defer { used += rounded }
    // SAFETY: the range lies in the block.
    return unsafe block + used
  }

  /// Room for values, which the caller initializes.
  func values<Value>(_ type: Value.Type, _ count: Int) -> UnsafeMutablePointer<Value> {
    unsafe bytes(max(1, count) * MemoryLayout<Value>.stride).bindMemory(to: Value.self, capacity: max(1, count))
  }

  func value<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
    let pointer = unsafe values(Value.self, 1)
    unsafe pointer.initialize(to: value)
    return unsafe pointer
  }

  /// A C string.
  func text(_ text: String) -> UnsafePointer<CChar> {
    var text = text
    return unsafe text.withUTF8 { utf8 in
      let pointer = unsafe bytes(utf8.count + 1)
      if let start = unsafe utf8.baseAddress { unsafe pointer.copyMemory(from: start, byteCount: utf8.count) }
      unsafe pointer.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
      return unsafe UnsafePointer(pointer.assumingMemoryBound(to: CChar.self))
    }
  }

  func text(_ text: String?) -> UnsafePointer<CChar>? { unsafe text.map { unsafe self.text($0) } }
}
