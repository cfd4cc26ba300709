import Detectors
import EdgepipeCore

/// Writes scaled pictures into the tensors that models take: planar or interleaved, in their colour order, shifted, scaled,
/// padded.
enum TensorWriter {
  /// Fills every element of `tensor` (1 x 3 x inputHeight x inputWidth, or 1 x inputHeight x inputWidth x 3) from planes of
  /// the content's size.
  static func write(
    _ planes: PictureScaler.Planes, into tensor: Tensor, geometry: LetterboxGeometry, format: InputFormat
  ) {
    let rgb = unsafe [
      (planes.red, planes.redStride), (planes.green, planes.greenStride), (planes.blue, planes.blueStride),
    ]
    let ordered = unsafe format.color == .rgb ? rgb : rgb.reversed()
    let area = geometry.inputWidth * geometry.inputHeight
    let isInterleaved = format.layout == .nhwc
    // SAFETY: the tensor holds three times `area` elements, and the content lies inside them: LetterboxGeometry
    // keeps offset + content <= input. The planes hold contentHeight lines of contentWidth bytes at their strides. Of
    // interleaved channels, the first element is `channel` and each third one follows.
    unsafe tensor.buffer.withBytes { bytes in
      guard let start = bytes.baseAddress, bytes.count >= area * 3 * tensor.element.byteCount else { return }
      for channel in 0..<3 {
        let (source, stride) = unsafe ordered[channel]
        let first = isInterleaved ? channel : channel * area
        let mean = format.mean[channel], scale = format.scale[channel]
        switch tensor.element {
        case .float32:
          let plane = unsafe start.assumingMemoryBound(to: Float.self) + first
          let pad = (format.pad - mean) * scale
          if isInterleaved {
            unsafe interleave(plane, source, stride, geometry, pad: pad) { (Float($0) - mean) * scale }
            continue
          }
          unsafe fill(plane, source, stride, geometry, pad: pad) { target, line, count in
            for x in 0..<count { unsafe target[x] = (Float(line[x]) - mean) * scale }
          }
        case .float16:
          let plane = unsafe start.assumingMemoryBound(to: UInt16.self) + first
          let pad = Float16((format.pad - mean) * scale).bitPattern
          // A byte has 256 values: each is rounded once, not once for each pixel.
          unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 256) { table in
            for value in 0..<256 { unsafe table[value] = Float16((Float(value) - mean) * scale).bitPattern }
            if isInterleaved {
              unsafe interleave(plane, source, stride, geometry, pad: pad) { unsafe table[Int($0)] }
              return
            }
            unsafe fill(plane, source, stride, geometry, pad: pad) { target, line, count in
              for x in 0..<count { unsafe target[x] = table[Int(line[x])] }
            }
          }
        case .uint8:
          let plane = unsafe start.assumingMemoryBound(to: UInt8.self) + first
          let pad = UInt8(min(max(format.pad, 0), 255))
          if isInterleaved {
            unsafe interleave(plane, source, stride, geometry, pad: pad) { $0 }
            continue
          }
          unsafe fill(plane, source, stride, geometry, pad: pad) { target, line, count in
            unsafe target.update(from: line, count: count)
          }
        }
      }
    }
  }

  /// Writes one channel of interleaved pixels: every third element from `first` on.
  @inline(__always)
  private static func interleave<Element>(
    _ first: UnsafeMutablePointer<Element>, _ source: UnsafePointer<UInt8>, _ stride: Int, _ g: LetterboxGeometry,
    pad: Element, convert: (UInt8) -> Element
  ) {
    // SAFETY: the caller's promise: 3 x inputWidth x inputHeight elements from the first channel's first, and the content
    // lies inside the picture.
    let width = g.inputWidth, right = g.offsetX + g.contentWidth
    for y in 0..<g.inputHeight {
      let target = unsafe first + y * width * 3
      guard (g.offsetY..<g.offsetY + g.contentHeight).contains(y) else {
        for x in 0..<width { unsafe target[x * 3] = pad }
        continue
      }
      let line = unsafe source + (y - g.offsetY) * stride
      for x in 0..<g.offsetX { unsafe target[x * 3] = pad }
      for x in 0..<g.contentWidth { unsafe target[(g.offsetX + x) * 3] = convert(line[x]) }
      for x in right..<width { unsafe target[x * 3] = pad }
    }
  }

  /// Writes one plane: padding around, `line` for each line of content. Inlined, so that the inner loops vectorize.
  @inline(__always)
  private static func fill<Element>(
    _ plane: UnsafeMutablePointer<Element>, _ source: UnsafePointer<UInt8>, _ stride: Int, _ g: LetterboxGeometry,
    pad: Element, line: (UnsafeMutablePointer<Element>, UnsafePointer<UInt8>, Int) -> Void
  ) {
    // SAFETY: the caller's promise: `plane` holds inputWidth x inputHeight elements, the content lies inside.
    let width = g.inputWidth, bottom = g.offsetY + g.contentHeight, right = g.offsetX + g.contentWidth
    unsafe plane.update(repeating: pad, count: g.offsetY * width)
    for y in 0..<g.contentHeight {
      let target = unsafe plane + (g.offsetY + y) * width
      unsafe target.update(repeating: pad, count: g.offsetX)
      unsafe line(target + g.offsetX, source + y * stride, g.contentWidth)
      unsafe (target + right).update(repeating: pad, count: width - right)
    }
    unsafe (plane + bottom * width).update(repeating: pad, count: (g.inputHeight - bottom) * width)
  }
}
