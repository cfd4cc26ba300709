package import Detectors
import EdgepipeCore

/// Reads messages with features, from whomever they come: nothing in them is believed, and memory is taken for what the
/// table and the limits allow alone.
package struct FeatureDecoder: Sendable {
  package let table: FeatureTable

  package init(_ table: FeatureTable) { self.table = table }

  /// - Returns: the table's tensors, float32.
  /// - Throws: a ``PipelineError``: `malformed` for what is no message, `mismatch` for one that another table made.
  package func decode(_ message: [UInt8]) throws -> [GraphTensor] {
    guard message.count > FeatureFormat.headerBytes, Array(message[0..<4]) == FeatureFormat.magic else {
      throw FeatureFormat.refuse("does not begin as one")
    }
    guard message[4] == FeatureFormat.version else {
      throw FeatureFormat.refuse("has version \(message[4]), not \(FeatureFormat.version)")
    }
    guard let compression = FeatureFormat.Compression(rawValue: message[5]) else {
      throw FeatureFormat.refuse("has the unknown compression \(message[5])")
    }
    guard Array(message[8..<16]) == table.idBytes, Int(message[6]) == table.bits,
      Int(message[7]) == table.tensors.count
    else {
      throw PipelineError(
        "the message with features was made with another table than '\(table.id)'",
        remedy: "use the parts and tables of one `edgepipe models split`", code: .mismatch)
    }
    var at = FeatureFormat.headerBytes
    let shapes = try table.tensors.map { try shape($0, message, &at) }
    let counts = shapes.map { $0.reduce(1, *) }
    let wanted = counts.reduce(0) { $0 + FeatureFormat.packedBytes(values: $1, bits: table.bits) }
    guard try word(message, &at) == wanted else { throw FeatureFormat.refuse("says another length than its shapes") }
    let packed = try values(Array(message[at...]), compression, count: wanted)
    var start = 0
    return try zip(table.tensors, zip(shapes, counts)).map { channels, form in
      let end = start + FeatureFormat.packedBytes(values: form.1, bits: table.bits)
      defer { start = end }
      return try tensor(packed[start..<end], channels, shape: form.0, count: form.1)
    }
  }

  private func shape(
    _ channels: FeatureTable.Channels, _ message: [UInt8], _ at: inout Int
  ) throws -> [Int] {
    guard at < message.count, FeatureFormat.ranks.contains(Int(message[at])) else {
      throw FeatureFormat.refuse("ends in its shapes, or has a tensor of another rank than 2 to 6")
    }
    let rank = Int(message[at])
    at += 1
    var shape: [Int] = [], count = 1
    for _ in 0..<rank {
      let size = try word(message, &at)
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size > 0, !overflow, product <= FeatureFormat.maximumValues else {
        throw FeatureFormat.refuse("has a tensor of \(size) in one direction, which is empty or too large")
      }
      shape.append(size)
      count = product
    }
    guard shape[1] == channels.low.count else {
      throw FeatureFormat.refuse("has \(shape[1]) channels of '\(channels.name)', not \(channels.low.count)")
    }
    return shape
  }

  private func word(_ message: [UInt8], _ at: inout Int) throws -> Int {
    guard at + 4 <= message.count else { throw FeatureFormat.refuse("is cut short") }
    defer { at += 4 }
    return (0..<4).reduce(0) { $0 | Int(message[at + $1]) << ($1 * 8) }
  }

  private func values(
    _ bytes: [UInt8], _ compression: FeatureFormat.Compression, count: Int
  ) throws -> [UInt8] {
    // zlib makes at most about a thousand bytes of one: what is said to hold more is refused before memory is taken.
    guard count <= bytes.count * 1040 + 64 else { throw FeatureFormat.refuse("is cut short") }
    let values = compression == .none ? bytes : try Deflate.expand(bytes, count: count)
    guard values.count == count else { throw FeatureFormat.refuse("has \(values.count) bytes of values, not \(count)") }
    return values
  }

  private func tensor(
    _ packed: ArraySlice<UInt8>, _ channels: FeatureTable.Channels, shape: [Int], count: Int
  ) throws -> GraphTensor {
    let each = FeatureFormat.perByte(bits: table.bits), mask = UInt8(truncatingIfNeeded: table.levels - 1)
    let inner = max(1, shape.dropFirst(2).reduce(1, *)), first = packed.startIndex
    var floats = [Float](repeating: 0, count: count), faults: UInt8 = 0
    for start in stride(from: 0, to: count, by: inner) {
      let channel = start / inner % channels.low.count
      let low = channels.low[channel], step = channels.step[channel]
      for index in start..<start + inner {
        let byte = packed[first + index / each] >> UInt8(index % each * table.bits)
        if each == 1 { faults |= byte & ~mask }
        floats[index] = low + Float(byte & mask) * step
      }
    }
    guard faults == 0 else { throw FeatureFormat.refuse("has a value of more than \(table.bits) bits") }
    return GraphTensor(name: channels.name, shape: shape, floats: floats)
  }
}
