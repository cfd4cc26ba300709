import CKernels
import Detectors
import EdgepipeCore

/// Writes scaled pictures into the tensors that models take: planar or interleaved, in their colour order, shifted, scaled,
/// padded.
enum TensorWriter {
  /// Fills every element of `tensor` (1 x 3 x inputHeight x inputWidth, or 1 x inputHeight x inputWidth x 3).
  ///
  /// - Parameter row: gives the content's rows, of contentWidth pixels, in their order.
  static func write(
    into tensor: Tensor, geometry: LetterboxGeometry, format: InputFormat, instructions: InstructionSet = .used,
    row: (Int) -> PixelRow
  ) {
    func normalized(_ value: Float, _ channel: Int) -> Float { (value - format.mean[channel]) * format.scale[channel] }
    let area = geometry.inputWidth * geometry.inputHeight
    // SAFETY: the tensor holds three times `area` elements of its type, and is used as nothing else.
    unsafe tensor.buffer.withBytes { bytes in
      guard let start = bytes.baseAddress, bytes.count >= area * 3 * tensor.element.byteCount else { return }
      switch tensor.element {
      case .float32:
        unsafe fill(start.assumingMemoryBound(to: Float.self), geometry, format, row) {
          normalized(format.pad, $0)
        } write: { channel, target, line, count, step in
          let mean = format.mean[channel], scale = format.scale[channel]
          if step == 1 { return unsafe normalize(line, count, mean, scale, to: target, instructions) }
          for x in 0..<count { unsafe target[x * step] = (Float(line[x]) - mean) * scale }
        }
      case .float16:
        // A byte has 256 values: each is rounded once for each channel, not once for each pixel.
        unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 3 * 256) { tables in
          for index in 0..<3 * 256 {
            unsafe tables[index] = Float16(normalized(Float(index % 256), index / 256)).bitPattern
          }
          unsafe fill(start.assumingMemoryBound(to: UInt16.self), geometry, format, row) {
            Float16(normalized(format.pad, $0)).bitPattern
          } write: { channel, target, line, count, step in
            for x in 0..<count { unsafe target[x * step] = tables[channel * 256 + Int(line[x])] }
          }
        }
      case .uint8:
        let pad = UInt8(min(max(format.pad, 0), 255)), first = unsafe start.assumingMemoryBound(to: UInt8.self)
        if format.layout == .nhwc { return unsafe interleave(first, geometry, format, row, pad: pad) }
        unsafe fill(first, geometry, format, row) { _ in
          pad
        } write: { _, target, line, count, _ in
          unsafe target.update(from: line, count: count)
        }
      }
    }
  }

  /// (byte - mean) x scale of each byte.
  private static func normalize(
    _ line: UnsafePointer<UInt8>, _ count: Int, _ mean: Float, _ scale: Float, to target: UnsafeMutablePointer<Float>,
    _ instructions: InstructionSet
  ) {
    // SAFETY: the caller's promise: `count` bytes and as many floats.
    #if arch(x86_64)
      switch instructions {
      case .avx512: return unsafe ek_normalized_avx512(line, target, count, mean, scale)
      case .avx2: return unsafe ek_normalized_avx2(line, target, count, mean, scale)
      default: break
      }
    #endif
    for x in 0..<count { unsafe target[x] = (Float(line[x]) - mean) * scale }
  }

  /// Writes rows of content and the padding around them. Inlined, so that the inner loops vectorize.
  ///
  /// - Parameter write: writes pixels of one channel to elements that lie `step` apart.
  @inline(__always)
  private static func fill<Element>(
    _ start: UnsafeMutablePointer<Element>, _ g: LetterboxGeometry, _ format: InputFormat, _ row: (Int) -> PixelRow,
    pad: (_ channel: Int) -> Element,
    write: (
      _ channel: Int, _ target: UnsafeMutablePointer<Element>, _ line: UnsafePointer<UInt8>, _ count: Int, _ step: Int
    ) -> Void
  ) {
    // Of interleaved channels, the first element is the channel's number and each third one follows.
    let isInterleaved = format.layout == .nhwc
    let step = isInterleaved ? 3 : 1, plane = isInterleaved ? 1 : g.inputWidth * g.inputHeight
    let content = g.offsetY..<g.offsetY + g.contentHeight, right = g.offsetX + g.contentWidth
    // SAFETY: `start` holds 3 x inputWidth x inputHeight elements, and the content lies inside: LetterboxGeometry keeps
    // offset + content <= input. A row has contentWidth pixels.
    for y in 0..<g.inputHeight {
      let pixels = content.contains(y) ? row(y - g.offsetY) : nil
      for channel in 0..<3 {
        let target = unsafe start + channel * plane + y * g.inputWidth * step, padding = pad(channel)
        guard let pixels else {
          unsafe repeated(padding, from: 0, to: g.inputWidth, target, step)
          continue
        }
        let line = unsafe pixels.line(channel, format.color)
        unsafe repeated(padding, from: 0, to: g.offsetX, target, step)
        unsafe write(channel, target + g.offsetX * step, line, g.contentWidth, step)
        unsafe repeated(padding, from: right, to: g.inputWidth, target, step)
      }
    }
  }

  /// Writes pixels of interleaved bytes, whose channels would cost three stores each.
  private static func interleave(
    _ start: UnsafeMutablePointer<UInt8>, _ g: LetterboxGeometry, _ format: InputFormat, _ row: (Int) -> PixelRow,
    pad: UInt8
  ) {
    let content = g.offsetY..<g.offsetY + g.contentHeight, width = 3 * g.inputWidth
    let left = 3 * g.offsetX, right = left + 3 * g.contentWidth
    // SAFETY: as in `fill`. A pixel's word takes the next one's first byte with it, which is written afterwards; the last
    // pixel of a row has none behind it and goes byte by byte.
    for y in 0..<g.inputHeight {
      let target = unsafe start + y * width
      guard content.contains(y) else {
        unsafe target.update(repeating: pad, count: width)
        continue
      }
      let pixels = row(y - g.offsetY), last = g.contentWidth - 1
      let a = unsafe pixels.line(0, format.color), b = unsafe pixels.green, c = unsafe pixels.line(2, format.color)
      unsafe target.update(repeating: pad, count: left)
      let first = unsafe UnsafeMutableRawPointer(target + left)
      for x in 0..<last {
        let pixel = unsafe UInt32(a[x]) | UInt32(b[x]) << 8 | UInt32(c[x]) << 16
        unsafe first.storeBytes(of: pixel.littleEndian, toByteOffset: 3 &* x, as: UInt32.self)
      }
      unsafe (target[right - 3], target[right - 2], target[right - 1]) = unsafe (a[last], b[last], c[last])
      unsafe (target + right).update(repeating: pad, count: width - right)
    }
  }

  @inline(__always)
  private static func repeated<Element>(
    _ value: Element, from first: Int, to end: Int, _ target: UnsafeMutablePointer<Element>, _ step: Int
  ) {
    // SAFETY: the caller's promise: `end` elements that lie `step` apart.
    for x in first..<end { unsafe target[x * step] = value }
  }
}

extension PixelRow {
  /// The bytes of a tensor's channel.
  fileprivate func line(_ channel: Int, _ order: InputFormat.ColorOrder) -> UnsafePointer<UInt8> {
    switch (channel, order) {
    case (0, .rgb), (2, .bgr): unsafe red
    case (2, .rgb), (0, .bgr): unsafe blue
    default: unsafe green
    }
  }
}
