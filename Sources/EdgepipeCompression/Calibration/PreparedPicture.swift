package import Detectors
package import EdgepipeCore

extension Tensor {
  /// A picture of bytes (1 x 3 x H x W, 0 to 255) as a model takes it: unchanged for a model that takes bytes, else shifted
  /// and scaled.
  ///
  /// - Parameter isMirrored: left and right change places; for floats alone.
  package func prepared(for format: InputFormat, pool: BufferPool, isMirrored: Bool = false) -> Tensor {
    guard format.element != .uint8 else { return self }
    let tensor = Tensor(shape: shape, pool: pool), width = max(1, shape.last ?? 1), area = elementCount / 3
    unsafe buffer.withBytes { bytes in
      unsafe tensor.withFloats { floats in
        let count = min(floats.count, bytes.count)
        for channel in 0..<3 {
          let mean = format.mean.indices.contains(channel) ? format.mean[channel] : 0
          let scale = format.scale.indices.contains(channel) ? format.scale[channel] : 1
          for index in channel * area..<(channel == 2 ? count : (channel + 1) * area) {
            let column = index % width, source = isMirrored ? index - column + width - 1 - column : index
            // SAFETY: both hold at least `count` elements, and a mirrored place lies in its own row.
            unsafe floats[index] = (Float(bytes[source]) - mean) * scale
          }
        }
      }
    }
    return tensor
  }
}
