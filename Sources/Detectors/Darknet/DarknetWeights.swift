import EdgepipeCore
import Foundation

/// A Darknet weights file: a header, then float32 values that are read from front to back.
struct DarknetWeights {
  private let data: Data
  private let file: String
  /// In bytes.
  private var position: Int
  let valueCount: Int

  /// - Throws: a ``PipelineError`` (`malformed`) when the header is not one.
  init(data: Data, file: String) throws {
    let data = data.startIndex == 0 ? data : Data(data)
    guard data.count >= 16 else {
      throw PipelineError("weights file '\(file)' holds \(data.count) bytes, less than its header", code: .malformed)
    }
    func word(_ at: Int) -> Int {
      Int(Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[at + $1]) << UInt32($1 * 8) }))
    }
    let major = word(0), minor = word(4)
    guard (0...1000).contains(major), (0...1000).contains(minor) else {
      throw PipelineError(
        "'\(file)' is not a Darknet weights file: its header states version \(major).\(minor)", code: .malformed)
    }
    // The counter of pictures seen grew from 4 to 8 bytes with version 0.2.
    position = 12 + (major * 10 + minor >= 2 ? 8 : 4)
    guard data.count >= position, (data.count - position) % 4 == 0 else {
      throw PipelineError(
        "weights file '\(file)' holds \(data.count) bytes, which is not a header and a whole number of values",
        code: .malformed)
    }
    self.data = data
    self.file = file
    valueCount = (data.count - position) / 4
  }

  /// Checks that the file holds exactly the network's values, before any is read.
  func check(expected: Int) throws {
    guard valueCount == expected else {
      throw PipelineError(
        "weights file '\(file)' holds \(valueCount) values, the cfg file's network needs \(expected)",
        remedy: "use the weights that belong to the cfg file", code: .mismatch)
    }
  }

  /// The next `count` values.
  mutating func next(_ count: Int) throws -> [Float] {
    guard count >= 0, count <= (data.count - position) / 4 else {
      throw PipelineError("weights file '\(file)' ends early", code: .malformed)
    }
    let bytes = position..<position + 4 * count
    position += 4 * count
    return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      // SAFETY: the buffer holds `count` floats, `bytes` is 4 * count bytes inside `data`, and every bit pattern is a
      // float. Darknet writes little-endian, as every machine that this program runs on is.
      unsafe data.copyBytes(to: UnsafeMutableRawBufferPointer(buffer), from: bytes)
      filled = count
    }
  }
}
