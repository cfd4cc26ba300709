import Detectors
import Foundation
import Pipeline

/// How many of a model's first convolutions stay in floats.
///
/// The first layers are the ones that integers spoil first: they see the widest ranges (an edge gives a hundred times what a
/// flat patch gives, and both matter), and every later layer inherits their error. They are also few, and the float kernels
/// are at their best on them.
public enum FloatHead: Sendable, Equatable {
  /// As few as give nearly the least error of the outputs on the calibration pictures.
  case automatic
  case convolutions(Int)

  /// The most that ``automatic`` tries.
  static let most = 4
  /// How much more than the least error is as good.
  static let tolerance = 1.25
}

/// How far an integer model's outputs are from the float model's.
struct OutputError {
  private var squares: [[Double]] = []
  private var references: [[Double]] = []

  /// The error relative to the float values, each column of an output (a class's score, a coordinate) counting alike.
  var value: Double {
    var sum = 0.0, columns = 0
    for (squares, references) in zip(squares, references) {
      for (square, reference) in zip(squares, references) where reference > 0 {
        sum += square / reference
        columns += 1
      }
    }
    return columns == 0 ? 0 : sum / Double(columns)
  }

  /// Adds the outputs for one picture: each with its shape and values, in the order of the models' outputs.
  mutating func add(_ found: [(shape: [Int], values: [Float])], float: [(shape: [Int], values: [Float])]) {
    if squares.isEmpty {
      squares = float.map { Array(repeating: 0, count: Self.columns($0.shape).count) }
      references = squares
    }
    for (index, (a, b)) in zip(found, float).enumerated() where a.values.count == b.values.count {
      let (count, stride) = Self.columns(b.shape)
      guard squares.indices.contains(index), squares[index].count == count else { continue }
      for place in b.values.indices {
        let column = place / stride % count
        let difference = Double(a.values[place]) - Double(b.values[place])
        squares[index][column] += difference * difference
        references[index][column] += Double(b.values[place]) * Double(b.values[place])
      }
    }
  }

  /// Planes of a picture are columns, and so are the numbers of a row.
  private static func columns(_ shape: [Int]) -> (count: Int, stride: Int) {
    guard shape.count == 4 else { return (max(1, shape.last ?? 1), 1) }
    return (max(1, shape[1]), max(1, shape[2] * shape[3]))
  }
}
