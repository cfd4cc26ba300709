/// One row of numbers for each place of several channels-last tensors, in one pass: what joining their channels, laying
/// their places in a row and joining the rows do in three.
///
/// Inputs are floats, `parts` for each level: N x H x W x C for one H and W a level, and the same channels part by part at
/// every level. The output is N x places x channels, levels after one another, parts side by side.
///
/// Attributes: `parts` (the channels of each part) and `levels` (how many there are).
final class JoinedRows: OperatorKernel {
  static let name = "JoinedRows"
  static let inputs: [OperatorElement] = [.float32]
  static let isVariadic = true
  static let output = OperatorElement.float32
  static let worksInPlace = false

  private let parts: [Int], levels: Int

  init(_ attributes: OperatorAttributes) throws {
    parts = try attributes.integers("parts")
    levels = try attributes.integer("levels")
    guard parts.allSatisfy({ $0 > 0 }), (1...64).contains(levels), (1...64).contains(parts.count) else {
      throw OperatorCall.wrong(Self.name, "\(levels) levels of the parts \(parts)")
    }
  }

  func compute(_ call: OperatorCall) throws {
    let width = parts.reduce(0, +)
    let given = try unsafe (0..<levels * parts.count).map { try unsafe call.input($0) }
    let shapes = unsafe given.map(\.shape)
    var places: [Int] = []
    for level in 0..<levels {
      let shape = shapes[level * parts.count]
      for (part, channels) in parts.enumerated() {
        guard shape.count == 4, shape[0] == shapes[0][0],
          shapes[level * parts.count + part] == shape.dropLast() + [channels]
        else { throw OperatorCall.wrong(Self.name, "the shapes \(shapes) do not form rows of \(parts)") }
      }
      places.append(shape[1] * shape[2])
    }
    let pictures = shapes[0][0], rows = places.reduce(0, +)
    let target = try unsafe call.output([pictures, rows, width]).assumingMemoryBound(to: Float.self)
    for picture in 0..<pictures {
      var row = picture * rows
      for level in 0..<levels {
        var column = 0
        for (part, channels) in parts.enumerated() {
          // SAFETY: the input holds pictures x places x channels floats, the output pictures x rows x width; by the shapes
          // checked above every row that is written lies within it.
          let source = unsafe given[level * parts.count + part].bytes.assumingMemoryBound(to: Float.self)
          let first = unsafe source + picture * places[level] * channels
          let out = unsafe target + row * width + column
          for place in 0..<places[level] {
            // A loop, not a call: the parts are short.
            for channel in 0..<channels {
              unsafe out[place &* width &+ channel] = unsafe first[place &* channels &+ channel]
            }
          }
          column += channels
        }
        row += places[level]
      }
    }
  }
}
