import Foundation

/// Looks through the protobuf encoding of an ONNX file before it is decoded, since decoding believes it: each of its
/// messages becomes an object of a few hundred bytes, so that a small file of empty nodes would fill the memory.
///
/// Weights are passed over; the time is that of the rest.
struct OnnxWire {
  enum Fault: Error, Equatable {
    /// Not protobuf, cut short, or nested without end.
    case malformed
    case tooManyMessages
    /// Too much besides stored weights.
    case tooMuchStructure
  }

  /// The graphs of large language models have some 10,000 nodes of about eight messages each.
  static let maximumMessages = 500_000
  static let maximumStructure = 1 << 26
  /// That of SwiftProtobuf, which stops there itself.
  private static let maximumDepth = 100

  private let data: Data
  private var messages = 0
  private var bulk = 0

  private init(_ data: Data) { self.data = data }

  static func check(_ data: Data) throws(Fault) {
    var wire = OnnxWire(data)
    try wire.scan(data.startIndex..<data.endIndex, as: .model, depth: 0)
    guard data.count - wire.bulk <= maximumStructure else { throw .tooMuchStructure }
  }

  private mutating func scan(_ range: Range<Int>, as message: Message, depth: Int) throws(Fault) {
    messages += 1
    guard messages <= Self.maximumMessages else { throw .tooManyMessages }
    guard depth < Self.maximumDepth else { throw .malformed }
    var at = range.lowerBound
    while at < range.upperBound {
      let tag = try varint(&at, end: range.upperBound), field = tag >> 3
      guard field > 0, field < 1 << 29 else { throw .malformed }
      let length: Int
      switch tag & 7 {
      case 0:
        _ = try varint(&at, end: range.upperBound)
        continue
      case 1: length = 8
      case 5: length = 4
      case 2:
        guard let value = Int(exactly: try varint(&at, end: range.upperBound)) else { throw .malformed }
        length = value
      default: throw .malformed
      }
      guard length <= range.upperBound - at else { throw .malformed }
      if tag & 7 == 2 {
        switch message.content(of: field) {
        case .message(let inner): try scan(at..<at + length, as: inner, depth: depth + 1)
        case .weights: bulk += length
        case .other: break
        }
      }
      at += length
    }
  }

  private func varint(_ at: inout Int, end: Int) throws(Fault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard at < end else { throw .malformed }
      let byte = data[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw .malformed
  }
}

extension OnnxWire {
  enum Content {
    case message(Message)
    case weights
    case other
  }

  /// The messages of onnx.proto that hold messages or weights; all others are leaves.
  enum Message {
    case model, graph, node, attribute, tensor, sparseTensor, value, type, tensorType, elementType, mapType, shape
    case annotation, function, training, device, sharding, shardedDimension, leaf

    /// What a field of this message with the wire type of bytes is, by the numbers in onnx.proto.
    func content(of field: UInt64) -> Content {
      switch (self, field) {
      case (.model, 7): .message(.graph)
      case (.model, 20): .message(.training)
      case (.model, 25): .message(.function)
      case (.model, 8), (.model, 14), (.model, 26): .message(.leaf)
      case (.graph, 1), (.function, 7): .message(.node)
      case (.graph, 5): .message(.tensor)
      case (.graph, 11), (.graph, 12), (.graph, 13), (.function, 12): .message(.value)
      case (.graph, 14): .message(.annotation)
      case (.graph, 15): .message(.sparseTensor)
      case (.graph, 16): .message(.leaf)
      case (.node, 5), (.function, 11): .message(.attribute)
      case (.node, 10): .message(.device)
      case (.node, 9): .message(.leaf)
      case (.attribute, 5), (.attribute, 10): .message(.tensor)
      case (.attribute, 6), (.attribute, 11): .message(.graph)
      case (.attribute, 14), (.attribute, 15): .message(.type)
      case (.attribute, 22), (.attribute, 23): .message(.sparseTensor)
      case (.tensor, 4), (.tensor, 9), (.tensor, 10): .weights
      case (.tensor, 3), (.tensor, 13), (.tensor, 16): .message(.leaf)
      case (.sparseTensor, 1), (.sparseTensor, 2): .message(.tensor)
      case (.value, 2): .message(.type)
      case (.value, 4): .message(.leaf)
      case (.type, 1), (.type, 8): .message(.tensorType)
      case (.type, 4), (.type, 9): .message(.elementType)
      case (.type, 5): .message(.mapType)
      case (.type, 7): .message(.leaf)
      case (.tensorType, 2): .message(.shape)
      case (.elementType, 1), (.mapType, 2): .message(.type)
      case (.shape, 1), (.annotation, 2): .message(.leaf)
      case (.function, 9), (.function, 14): .message(.leaf)
      case (.training, 1), (.training, 2): .message(.graph)
      case (.training, 3), (.training, 4): .message(.leaf)
      case (.device, 2): .message(.sharding)
      case (.sharding, 3): .message(.leaf)
      case (.sharding, 4): .message(.shardedDimension)
      case (.shardedDimension, 2): .message(.leaf)
      default: .other
      }
    }
  }
}
