package import Detectors
import EdgepipeCore

/// Makes messages of features. A value that is no number becomes the smallest of its channel.
package struct FeatureEncoder: Sendable {
  package let table: FeatureTable
  private let level: Int

  /// - Parameter level: of zlib, 1 (quick) to 9 (small); 0 leaves the values as they are.
  package init(_ table: FeatureTable, level: Int = 6) {
    (self.table, self.level) = (table, min(9, max(0, level)))
  }

  /// - Parameter tensors: float32, those of the table, in any order.
  /// - Throws: a ``PipelineError`` (`mismatch`) when one is not there or has another form.
  package func encode(_ tensors: [GraphTensor]) throws -> [UInt8] {
    var header = FeatureFormat.magic
    let compression: FeatureFormat.Compression = level == 0 ? .none : .zlib
    header += [FeatureFormat.version, compression.rawValue, UInt8(table.bits), UInt8(table.tensors.count)]
    header += table.idBytes
    var packed: [UInt8] = []
    for channels in table.tensors {
      guard let tensor = tensors.first(where: { $0.name == channels.name }), let values = tensor.floats else {
        throw mismatch("'\(channels.name)' is not among the tensors, or not float32")
      }
      guard FeatureFormat.ranks.contains(tensor.shape.count), tensor.shape[1] == channels.low.count,
        tensor.shape.reduce(1, *) == values.count, values.count <= FeatureFormat.maximumValues
      else { throw mismatch("'\(channels.name)' has the shape \(tensor.shape), not \(channels.low.count) channels") }
      header.append(UInt8(tensor.shape.count))
      for size in tensor.shape { header += UInt32(size).littleEndianBytes }
      let inner = tensor.shape.dropFirst(2).reduce(1, *)
      pack(quantized(values, channels, inner: max(1, inner)), into: &packed)
    }
    header += UInt32(packed.count).littleEndianBytes
    return try header + (level == 0 ? packed : Deflate.compress(packed, level: level))
  }

  private func quantized(_ values: [Float], _ channels: FeatureTable.Channels, inner: Int) -> [UInt8] {
    let top = Float(table.levels - 1), count = channels.low.count
    var result = [UInt8](repeating: 0, count: values.count)
    for start in stride(from: 0, to: values.count, by: inner) {
      let channel = start / inner % count, low = channels.low[channel], step = channels.step[channel]
      guard step > 0 else { continue }
      for index in start..<start + inner {
        let level = ((values[index] - low) / step).rounded(.toNearestOrEven)
        // Comparing with what is no number is false: that stays 0.
        result[index] = level > 0 ? UInt8(min(level, top)) : 0
      }
    }
    return result
  }

  private func pack(_ values: [UInt8], into packed: inout [UInt8]) {
    let each = FeatureFormat.perByte(bits: table.bits)
    guard each > 1 else {
      packed += values
      return
    }
    for start in stride(from: 0, to: values.count, by: each) {
      var byte: UInt8 = 0
      for (place, value) in values[start..<min(start + each, values.count)].enumerated() {
        byte |= value << UInt8(place * table.bits)
      }
      packed.append(byte)
    }
  }

  private func mismatch(_ reason: String) -> PipelineError {
    PipelineError("cannot send these features: \(reason)", code: .mismatch)
  }
}

extension UInt32 {
  var littleEndianBytes: [UInt8] { [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: self >> $0) } }
}

extension FeatureTable {
  /// The id as messages hold it.
  var idBytes: [UInt8] {
    let digits = Array(id)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
  }
}
