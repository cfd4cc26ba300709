import Detectors
import EdgepipeCore

/// Pictures of random pixels, as a model wants them.
enum RandomPictures {
  /// A tensor of `configuration.batch` pictures: pixels 0 to 255, all equally likely, less `mean` and times `scale`.
  ///
  /// - Parameter pictures: makes only these of the batch, as a batch of their own.
  static func tensor(
    _ configuration: BenchConfiguration, format: InputFormat, seed: UInt64, pictures: Range<Int>? = nil
  ) -> Tensor {
    let pictures = pictures ?? 0..<configuration.batch
    let area = configuration.height * configuration.width
    let tensor = Tensor(
      shape: format.shape(batch: pictures.count, height: configuration.height, width: configuration.width),
      element: format.element, pool: BufferPool())
    // SAFETY: the buffer holds pictures x 3 x area elements of the format's type, and each place is below that.
    unsafe tensor.buffer.withBytes { bytes in
      for (slot, picture) in pictures.enumerated() {
        // Each picture has numbers of its own, and is darker than the one before, so that none passes for another.
        var random = SplitMix64(seed: seed &+ UInt64(picture) &* 0x9E37_79B9)
        let brightness = 1 - 0.5 * Float(picture) / Float(max(1, configuration.batch))
        for channel in 0..<3 {
          // Planes follow each other, or the channels of a pixel do.
          let isInterleaved = format.layout == .nhwc
          let start = isInterleaved ? slot * 3 * area + channel : (slot * 3 + channel) * area
          let mean = format.mean.count > channel ? format.mean[channel] : 0
          let scale = format.scale.count > channel ? format.scale[channel] : 1
          for pixel in 0..<area {
            let value = Float(random.next() >> 56) * brightness, place = start + (isInterleaved ? 3 * pixel : pixel)
            switch format.element {
            case .uint8: unsafe bytes.storeBytes(of: UInt8(value), toByteOffset: place, as: UInt8.self)
            case .float32:
              unsafe bytes.storeBytes(of: (value - mean) * scale, toByteOffset: place * 4, as: Float.self)
            case .float16:
              let half = Float16((value - mean) * scale).bitPattern
              unsafe bytes.storeBytes(of: half, toByteOffset: place * 2, as: UInt16.self)
            }
          }
        }
      }
    }
    return tensor
  }
}
