import EdgepipeCore
import Foundation

/// How the tensors of one cut become whole numbers: for each channel the smallest value and the step to the next.
///
/// A value v of a channel is sent as q = round((v - low) / step), at least 0 and at most 2^bits - 1, and read as low +
/// q x step, in float32. Both sides hold the same table: a message names it by its ``id``.
package struct FeatureTable: Sendable, Equatable, Codable {
  /// One tensor: 1 x channels x ...
  package struct Channels: Sendable, Equatable, Codable {
    package var name: String
    package var low: [Float]
    /// 0 for a channel of one value.
    package var step: [Float]

    package init(name: String, low: [Float], step: [Float]) {
      (self.name, self.low, self.step) = (name, low, step)
    }
  }

  package static let bitRange = 2...8
  static let maximumTensors = 16
  static let maximumChannels = 1 << 16

  /// Bits a value, 2 to 8.
  package var bits: Int
  /// In the order of a message.
  package var tensors: [Channels]
  /// The first 16 hexadecimal digits of the SHA-256 of all numbers: what messages name the table by.
  package private(set) var id: String

  /// - Throws: a ``PipelineError`` (`invalidArgument`) for what no message can hold.
  package init(bits: Int, tensors: [Channels]) throws {
    (self.bits, self.tensors) = (bits, tensors)
    id = ""
    if let fault { throw PipelineError("a table of features \(fault)", code: .invalidArgument) }
    id = digest
  }

  /// Reads a table that comes from a file, which nothing but its own id vouches for.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    bits = try values.decode(Int.self, forKey: .bits)
    tensors = try values.decode([Channels].self, forKey: .tensors)
    id = try values.decode(String.self, forKey: .id)
    guard fault == nil, id == digest else {
      throw DecodingError.dataCorruptedError(
        forKey: .id, in: values, debugDescription: fault ?? "its numbers are not those that its id is of")
    }
  }

  /// Levels of a channel.
  var levels: Int { 1 << bits }

  private var fault: String? {
    if !Self.bitRange.contains(bits) { return "has \(bits) bits a value; 2 to 8 are possible" }
    if !(1...Self.maximumTensors).contains(tensors.count) {
      return "has \(tensors.count) tensors; 1 to 16 are possible"
    }
    for tensor in tensors {
      guard tensor.low.count == tensor.step.count, (1...Self.maximumChannels).contains(tensor.low.count) else {
        return "has \(tensor.low.count) and \(tensor.step.count) numbers for '\(Quoted.short(tensor.name))'"
      }
      guard tensor.low.allSatisfy(\.isFinite), tensor.step.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
        return "has a step or a smallest value of '\(Quoted.short(tensor.name))' that is no number"
      }
    }
    return nil
  }

  private var digest: String {
    var bytes = Data([UInt8(bits)])
    func add(_ value: UInt32) {
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    for tensor in tensors {
      add(UInt32(tensor.name.utf8.count))
      bytes += Data(tensor.name.utf8)
      add(UInt32(tensor.low.count))
      for value in tensor.low + tensor.step { add(value.bitPattern) }
    }
    return String(FileHash.sha256(of: bytes).prefix(16))
  }
}
