import Detectors
import EdgepipeCore

/// Which places of a tensor are looked at, and what a convolution sees there.
struct PatchSampler: Sendable {
  let placesPerPicture: Int
  let seed: UInt64

  /// Places in a plane of `area` values: the same for the same picture and area, so that two models can be compared.
  /// Each at most once.
  func places(in area: Int, picture: Int) -> [Int] {
    guard area > placesPerPicture else { return Array(0..<area) }
    let step = UInt64(truncatingIfNeeded: picture) &* 0x9E37_79B9_7F4A_7C15
    var random = SplitMix64(seed: seed &+ step ^ UInt64(truncatingIfNeeded: area) << 20)
    // Robert Floyd's sampling without replacement.
    var chosen: Set<Int> = []
    for last in area - placesPerPicture..<area {
      let place = Int(random.next() % UInt64(last + 1))
      chosen.insert(chosen.contains(place) ? last : place)
    }
    return chosen.sorted()
  }

  /// Some channels at some places: places x channels.
  static func values(_ output: ModelOutputs.Output, _ channels: [Int], at places: [Int]) -> [Float] {
    let area = output.shape[2] * output.shape[3]
    precondition(channels.allSatisfy((0..<output.shape[1]).contains))
    var result: [Float] = []
    result.reserveCapacity(places.count * channels.count)
    for place in places {
      // SAFETY: the output holds area values of each channel, and places are below area.
      for channel in channels { unsafe result.append(output.values[channel * area + place]) }
    }
    return result
  }

  /// What a convolution multiplies its weights with at some places of its output: places x (channels x kernel), zeros
  /// where the kernel hangs over the edge.
  ///
  /// - Parameters:
  ///   - input: the convolution's input, 1 x C x H x W.
  ///   - channels: of the input: those of one group.
  ///   - outputWidth: columns of the output, in which places are counted.
  static func patches(
    _ input: ModelOutputs.Output, _ channels: Range<Int>, of convolution: ConvolutionNode, at places: [Int],
    outputWidth: Int
  ) -> [Double] {
    let height = input.shape[2], width = input.shape[3], area = height * width
    let rows = convolution.shape[2], columns = convolution.shape[3]
    var result = [Double](repeating: 0, count: places.count * channels.count * rows * columns)
    var next = 0
    for place in places {
      let top = place / outputWidth * convolution.strides[0] - convolution.pads[0]
      let left = place % outputWidth * convolution.strides[1] - convolution.pads[1]
      for channel in channels {
        for row in 0..<rows {
          let y = top + row * convolution.dilations[0]
          for column in 0..<columns {
            let x = left + column * convolution.dilations[1]
            if y >= 0, y < height, x >= 0, x < width {
              // SAFETY: the input holds C x height x width values, and all three indices are below those.
              unsafe result[next] = Double(input.values[channel * area + y * width + x])
            }
            next += 1
          }
        }
      }
    }
    return result
  }
}
