/// Joins the channels of two channels-last tensors of bytes, one or both of them through an activation function: what
/// ``QuantizedActivation`` and a concatenation after it do, in one pass over memory.
///
/// Attributes: `active` (for each input 1, if it goes through the function, or 0, if it is copied), and those of
/// ``QuantizedActivation`` for the channels that go through it, in order, or for all of them.
final class ActivatedConcat: OperatorKernel {
  static let name = "ActivatedConcat"
  static let inputs: [OperatorElement] = [.uint8, .uint8]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let tables: ChannelTables
  private let isActive: [Bool]

  init(_ attributes: OperatorAttributes) throws {
    tables = try .shared(attributes, of: Self.name)
    isActive = try attributes.integers("active").map { $0 != 0 }
    guard isActive.count == Self.inputs.count else {
      throw OperatorCall.wrong(Self.name, "'active' holds \(isActive.count) numbers")
    }
  }

  func compute(_ call: OperatorCall) throws {
    let parts = try unsafe Self.inputs.indices.map { try unsafe call.input($0) }
    let shapes = unsafe parts.map(\.shape)
    guard shapes.allSatisfy({ $0.count == 4 && $0.dropLast() == shapes[0].dropLast() }) else {
      throw OperatorCall.wrong(Self.name, "the shapes \(shapes) cannot be concatenated")
    }
    let widths = shapes.map { $0[3] }, places = shapes[0].dropLast().reduce(1, *), total = widths.reduce(0, +)
    let active = zip(widths, isActive).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    guard tables.channels == 1 || tables.channels == active else {
      throw OperatorCall.wrong(Self.name, "\(tables.channels) tables for \(active) channels")
    }
    var target = try unsafe call.output(shapes[0].dropLast() + [total]).assumingMemoryBound(to: UInt8.self)
    var channel = 0
    for index in isActive.indices {
      // SAFETY: the input holds places x width bytes; the output places x total, of which these are `width` side by side.
      let source = unsafe parts[index].bytes.assumingMemoryBound(to: UInt8.self), width = widths[index]
      if isActive[index] {
        unsafe tables.apply(source, to: target, places: places, width: width, targetStep: total, firstChannel: channel)
        channel += width
      } else {
        for place in 0..<places { unsafe Self.copy(source + place * width, to: target + place * total, width) }
      }
      unsafe target += width
    }
  }

  /// A few bytes, eight at a time: a call for each place would take longer than the copy.
  @inline(__always)
  private static func copy(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ count: Int) {
    // SAFETY: the caller's promise: both hold `count` bytes, and none of them in common.
    let (from, to) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    var index = 0
    while index + 8 <= count {
      unsafe to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: index, as: UInt64.self), toByteOffset: index, as: UInt64.self)
      index += 8
    }
    while index < count {
      unsafe target[index] = unsafe source[index]
      index += 1
    }
  }
}
