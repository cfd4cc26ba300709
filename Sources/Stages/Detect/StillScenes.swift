import Detectors
import EdgepipeCore
import Synchronization

/// Results that are used again while nothing moves in a stream's picture. Safe to use from any thread.
///
/// What is compared are the means of cells of 8 x 8 pixels of one channel of the model's input, with those of the input for
/// which the results came.
final class StillScenes: Sendable {
  private struct Scene {
    var means: [Float]
    var detections: [Detection]
    var since: MonotonicTime
  }
  private struct State {
    var scenes: [String: Scene] = [:]
    var reused = 0
  }

  private static let cell = 8
  private let difference: Float
  private let longestNanoseconds: Int64
  private let format: InputFormat
  private let state = Mutex(State())

  /// Nil where results are never used again.
  init?(_ settings: RemoteSettings, _ format: InputFormat) {
    guard settings.reuse > 0 else { return nil }
    difference = Float(settings.reuse)
    longestNanoseconds = Int64(settings.reuseS * 1e9)
    self.format = format
  }

  var reused: Int { state.withLock { $0.reused } }

  /// What was found in a picture that differs from this one by no more than the limit.
  func results(for tensor: Tensor, of stream: String, at now: MonotonicTime) -> [Detection]? {
    guard let scene = state.withLock({ $0.scenes[stream] }),
      now.nanoseconds(since: scene.since) <= longestNanoseconds, let means = means(of: tensor),
      means.count == scene.means.count, zip(means, scene.means).allSatisfy({ abs($0 - $1) <= difference })
    else { return nil }
    state.withLock { $0.reused += 1 }
    return scene.detections
  }

  func keep(_ detections: [Detection], for tensor: Tensor, of stream: String, at now: MonotonicTime) {
    guard let means = means(of: tensor) else { return }
    state.withLock { $0.scenes[stream] = Scene(means: means, detections: detections, since: now) }
  }

  /// Of each cell, in 0...255. Nil for numbers in half precision, which no server gets.
  private func means(of tensor: Tensor) -> [Float]? {
    guard tensor.shape.count == 4 else { return nil }
    let isPlanar = format.layout != .nhwc
    let height = tensor.shape[isPlanar ? 2 : 1], width = tensor.shape[isPlanar ? 3 : 2]
    // Green, which both orders of colours have in the middle.
    let start = isPlanar ? height * width : 1, step = isPlanar ? 1 : 3
    guard height >= Self.cell, width >= Self.cell, tensor.elementCount >= 3 * height * width else { return nil }
    switch tensor.element {
    case .float16: return nil
    case .uint8:
      return unsafe tensor.buffer.withBytes { bytes in
        Self.means(width: width, height: height) { unsafe Float(bytes[start + ($0 * width + $1) * step]) }
      }
    case .float32:
      let mean = format.mean.count > 1 ? format.mean[1] : 0, scale = format.scale.count > 1 ? format.scale[1] : 1
      guard scale != 0 else { return nil }
      return unsafe tensor.withFloats { values in
        Self.means(width: width, height: height) { unsafe values[start + ($0 * width + $1) * step] / scale + mean }
      }
    }
  }

  @inline(__always)
  private static func means(width: Int, height: Int, _ value: (_ row: Int, _ column: Int) -> Float) -> [Float] {
    let columns = width / cell, rows = height / cell
    var sums = [Float](repeating: 0, count: columns * rows)
    for row in 0..<rows * cell {
      let first = row / cell * columns
      for column in 0..<columns {
        var sum: Float = 0
        for offset in 0..<cell { sum += value(row, column * cell + offset) }
        sums[first + column] += sum
      }
    }
    for index in sums.indices { sums[index] /= Float(cell * cell) }
    return sums
  }
}
