/// 256 bytes for each channel of a channels-last tensor of bytes, or one table for all of them.
@safe final class ChannelTables {
  /// 1: the same table for every channel.
  let channels: Int
  // SAFETY: `channels` tables of 256 bytes each, allocated in init, written there, freed in deinit.
  private let bytes: UnsafeMutablePointer<UInt8>

  /// - Parameter value: the byte for a channel and an input byte.
  init(channels: Int, value: (_ channel: Int, _ byte: Int) -> UInt8) {
    self.channels = channels
    unsafe bytes = .allocate(capacity: max(1, channels) * 256)
    for channel in 0..<channels {
      for byte in 0..<256 { unsafe (bytes + channel * 256 + byte).initialize(to: value(channel, byte)) }
    }
  }

  deinit { unsafe bytes.deallocate() }

  /// Looks `count` bytes up, channel after channel in turn. Source and target may be the same memory.
  ///
  /// - Parameter count: a multiple of `channels`.
  func apply(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int) {
    // SAFETY: every access lies within `count` bytes of both and within the tables.
    if channels == 1 {
      return unsafe Self.lookUp(source, target, count, bytes, step: 0)
    }
    for start in stride(from: 0, to: count, by: channels) {
      unsafe Self.lookUp(source + start, target + start, channels, bytes, step: 256)
    }
  }

  /// Eight bytes at a time: one load, eight look-ups, one store each. Loads and look-ups run ahead of the stores, which
  /// the processor could otherwise not tell apart from the tables.
  @inline(__always)
  private static func lookUp(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ count: Int,
    _ tables: UnsafePointer<UInt8>, step: Int
  ) {
    // SAFETY: the caller's promise; whole words lie within `count`.
    var table = unsafe tables
    var index = 0
    while index + 8 <= count {
      let word = unsafe UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self).littleEndian
      let a = unsafe table[Int(truncatingIfNeeded: word & 255)]
      let b = unsafe table[step + Int(truncatingIfNeeded: (word >> 8) & 255)]
      let c = unsafe table[2 * step + Int(truncatingIfNeeded: (word >> 16) & 255)]
      let d = unsafe table[3 * step + Int(truncatingIfNeeded: (word >> 24) & 255)]
      let e = unsafe table[4 * step + Int(truncatingIfNeeded: (word >> 32) & 255)]
      let f = unsafe table[5 * step + Int(truncatingIfNeeded: (word >> 40) & 255)]
      let g = unsafe table[6 * step + Int(truncatingIfNeeded: (word >> 48) & 255)]
      let h = unsafe table[7 * step + Int(truncatingIfNeeded: word >> 56)]
      let out = unsafe target + index
      unsafe out[0] = a
      unsafe out[1] = b
      unsafe out[2] = c
      unsafe out[3] = d
      unsafe out[4] = e
      unsafe out[5] = f
      unsafe out[6] = g
      unsafe out[7] = h
      unsafe table += 8 * step
      index += 8
    }
    while index < count {
      unsafe target[index] = unsafe table[Int(source[index])]
      unsafe table += step
      index += 1
    }
  }
}
