import CFFmpeg
import Foundation
import Testing

@testable import Stages

/// A picture of random bytes whose planes' last bytes lie at the end of readable memory: a read beyond them ends the
/// process.
@safe final class GuardedPicture {
  private(set) var picture: DecodedPicture?
  // SAFETY: mapped in init for this object alone, unmapped in deinit after the picture that points into them.
  private var mappings: [(start: UnsafeMutableRawPointer, size: Int)] = unsafe []

  init(
    _ format: String, _ width: Int, _ height: Int, isFullRange: Bool, isBT709: Bool,
    using random: inout some RandomNumberGenerator
  ) throws {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe ScalingFixtures.describe(frame, format, width, height, isFullRange: isFullRange, isBT709: isBT709)
    picture = unsafe DecodedPicture(taking: frame)
    for (index, size) in ScalingFixtures.planes(format, width, height).enumerated() {
      let stride = size.width + Int.random(in: 0...70, using: &random)
      let start = try unsafe mapped(stride * (size.height - 1) + size.width, using: &random)
      switch index {
      case 0: unsafe (frame.pointee.data.0, frame.pointee.linesize.0) = unsafe (start, Int32(stride))
      case 1: unsafe (frame.pointee.data.1, frame.pointee.linesize.1) = unsafe (start, Int32(stride))
      default: unsafe (frame.pointee.data.2, frame.pointee.linesize.2) = unsafe (start, Int32(stride))
      }
    }
  }

  deinit {
    picture = nil
    unsafe mappings.forEach { mapping in _ = unsafe munmap(mapping.start, mapping.size) }
  }

  /// So many random bytes, some of them of the outermost values, before a page that cannot be read.
  private func mapped(
    _ count: Int, using random: inout some RandomNumberGenerator
  ) throws -> UnsafeMutablePointer<UInt8> {
    let page = Int(getpagesize()), size = (count + page - 1) / page * page + page
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let start = try unsafe #require(memory)
    try #require(unsafe start != MAP_FAILED)
    unsafe mappings.append((start, size))
    // SAFETY: the mapping has `size` bytes, of which the last page is closed.
    try #require(unsafe mprotect(start + size - page, page, PROT_NONE) == 0)
    let bytes = unsafe (start + size - page - count).bindMemory(to: UInt8.self, capacity: count)
    for index in 0..<count {
      let value = UInt64.random(in: 0...(.max), using: &random)
      unsafe bytes[index] = value % 5 == 0 ? (value & 256 == 0 ? 0 : 255) : UInt8(truncatingIfNeeded: value >> 32)
    }
    return unsafe bytes
  }
}
