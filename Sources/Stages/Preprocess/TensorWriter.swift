import Detectors
import Pipeline

/// Writes scaled pictures into the tensors that models take: planar, in their colour order, shifted, scaled, padded.
enum TensorWriter {
  /// Fills every element of `tensor` (1 x 3 x inputHeight x inputWidth) from planes of the content's size.
  static func write(
    _ planes: PictureScaler.Planes, into tensor: Tensor, geometry: LetterboxGeometry, format: InputFormat
  ) {
    let rgb = unsafe [(planes.red, planes.redStride), (planes.green, planes.greenStride), (planes.blue, planes.blueStride)]
    let ordered = unsafe format.color == .rgb ? rgb : rgb.reversed()
    let area = geometry.inputWidth * geometry.inputHeight
    // SAFETY: the tensor holds three planes of `area` elements, and the content lies inside them: LetterboxGeometry
    // keeps offset + content <= input. The planes hold contentHeight lines of contentWidth bytes at their strides.
    unsafe tensor.buffer.withBytes { bytes in
      guard let start = bytes.baseAddress, bytes.count >= area * 3 * tensor.element.byteCount else { return }
      for channel in 0..<3 {
        let (source, stride) = unsafe ordered[channel]
        switch tensor.element {
        case .float32:
          let mean = format.mean[channel], scale = format.scale[channel]
          let plane = unsafe start.assumingMemoryBound(to: Float.self) + channel * area
          unsafe fill(plane, source, stride, geometry, pad: (format.pad - mean) * scale) { target, line, count in
            for x in 0..<count { unsafe target[x] = (Float(line[x]) - mean) * scale }
          }
        case .uint8:
          let plane = unsafe start.assumingMemoryBound(to: UInt8.self) + channel * area
          unsafe fill(plane, source, stride, geometry, pad: UInt8(min(max(format.pad, 0), 255))) { target, line, count in
            unsafe target.update(from: line, count: count)
          }
        }
      }
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
