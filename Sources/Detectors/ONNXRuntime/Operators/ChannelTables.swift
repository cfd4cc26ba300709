import CKernels
import EdgepipeCore

/// 256 bytes for each channel of a channels-last tensor of bytes, or one table for all of them.
@safe final class ChannelTables: @unchecked Sendable {
  /// 1: the same table for every channel.
  let channels: Int
  // SAFETY (also @unchecked Sendable): `channels` tables of 256 bytes each, allocated in init, written there and never again,
  // freed in deinit.
  private let bytes: UnsafeMutablePointer<UInt8>
  private let instructions: InstructionSet

  /// - Parameter value: the byte for a channel and an input byte.
  init(
    channels: Int, instructions: InstructionSet = .used, value: (_ channel: Int, _ byte: Int) -> UInt8
  ) {
    (self.channels, self.instructions) = (channels, instructions)
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
    // SAFETY: every access lies within `count` bytes of both.
    guard channels == 1 else {
      return unsafe apply(source, to: target, places: count / channels, width: channels, targetStep: channels)
    }
    let whole = count / Self.group * Self.group
    unsafe apply(source, to: target, places: whole / Self.group, width: Self.group, targetStep: Self.group)
    for index in whole..<count { unsafe target[index] = unsafe bytes[Int(source[index])] }
  }

  /// Looks up `places` times `width` bytes that lie side by side; the target's places lie `targetStep` bytes apart.
  ///
  /// - Parameter firstChannel: whose table the first byte of a place goes through; the others follow. It matters not
  ///   where one table serves all.
  func apply(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, places: Int, width: Int, targetStep: Int,
    firstChannel: Int = 0
  ) {
    if unsafe applyKernel(
      source, to: target, places: places, width: width, targetStep: targetStep, firstChannel: firstChannel)
    {
      return
    }
    // So many places at a time that they stay in the nearest cache while one group of channels after the other goes by.
    let block = max(1, 8192 / max(1, width)), tableStep = channels == 1 ? 0 : 256
    let tables = unsafe bytes + firstChannel * tableStep
    for first in stride(from: 0, to: places, by: block) {
      let length = min(block, places - first)
      // SAFETY: every access lies within `places` places of both, and within the tables.
      let from = unsafe source + first * width, to = unsafe target + first * targetStep
      var channel = 0
      while channel + Self.group <= width {
        // The step between tables is a number in the code, twice: as a variable it would take the registers that are needed.
        if tableStep == 0 {
          unsafe lookUp(from + channel, width, to + channel, targetStep, places: length, tables, 0)
        } else {
          unsafe lookUp(from + channel, width, to + channel, targetStep, places: length, tables + channel * 256, 256)
        }
        channel += Self.group
      }
      while channel < width {
        let table = unsafe tables + channel * tableStep
        for place in 0..<length {
          unsafe to[place * targetStep + channel] = unsafe table[Int(from[place * width + channel])]
        }
        channel += 1
      }
    }
  }

  /// - Returns: whether a kernel has done it.
  private func applyKernel(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, places: Int, width: Int, targetStep: Int,
    firstChannel: Int
  ) -> Bool {
    // SAFETY: the caller's promise, which is the kernels' as well.
    let tables = unsafe bytes + (channels == 1 ? 0 : firstChannel * 256)
    #if arch(x86_64)
      switch instructions {
      case .avx512 where channels > 1:
        unsafe ek_channel_tables_avx512(source, width, target, targetStep, places, width, tables)
      case .avx512 where width == targetStep: unsafe ek_one_table_avx512(source, target, places * width, tables)
      case .avx512:
        for place in 0..<places {
          unsafe ek_one_table_avx512(source + place * width, target + place * targetStep, width, tables)
        }
      // A table of its own for each channel is faster in a loop, and so is one for a few bytes at a time.
      case .avx2 where channels == 1 && (width == targetStep || width >= 128):
        unsafe ek_one_table_avx2(source, width, target, targetStep, places, width, tables)
      default: return false
      }
      return true
    #elseif arch(arm64)
      guard instructions == .neon else { return false }
      if channels == 1 {
        unsafe ek_one_table_neon(source, width, target, targetStep, places, width, tables)
      } else {
        unsafe ek_channel_tables_neon(source, width, target, targetStep, places, width, tables)
      }
      return true
    #else
      return false
    #endif
  }

  /// Channels that are looked up together.
  private static let group = 8

  /// Eight neighbouring bytes, place after place: their tables stay in the nearest cache, and where they lie is part of the
  /// code. The processor's ports for loads are what limits this, so half of the bytes come out of one word. All look-ups run
  /// ahead of the stores, which the compiler could otherwise not tell apart from the tables.
  @inline(__always)
  private func lookUp(
    _ source: UnsafePointer<UInt8>, _ sourceStep: Int, _ target: UnsafeMutablePointer<UInt8>, _ targetStep: Int,
    places: Int,
    _ table: UnsafePointer<UInt8>, _ step: Int
  ) {
    // SAFETY: the caller's promise: eight bytes at each of so many places.
    var (from, to) = unsafe (source, target)
    for _ in 0..<places {
      let word = unsafe UnsafeRawPointer(from).loadUnaligned(as: UInt32.self).littleEndian
      let a = unsafe table[Int(truncatingIfNeeded: word & 255)]
      let b = unsafe table[step &+ Int(truncatingIfNeeded: (word >> 8) & 255)]
      let c = unsafe table[2 &* step &+ Int(truncatingIfNeeded: (word >> 16) & 255)]
      let d = unsafe table[3 &* step &+ Int(truncatingIfNeeded: word >> 24)]
      let e = unsafe table[4 &* step &+ Int(from[4])]
      let f = unsafe table[5 &* step &+ Int(from[5])]
      let g = unsafe table[6 &* step &+ Int(from[6])]
      let h = unsafe table[7 &* step &+ Int(from[7])]
      unsafe to[0] = a
      unsafe to[1] = b
      unsafe to[2] = c
      unsafe to[3] = d
      unsafe to[4] = e
      unsafe to[5] = f
      unsafe to[6] = g
      unsafe to[7] = h
      unsafe from += sourceStep
      unsafe to += targetStep
    }
  }
}
