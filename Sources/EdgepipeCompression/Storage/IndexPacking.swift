import EdgepipeONNX

/// How the indices of shared values lie in a file, and the standard operators that take them out again.
enum IndexPacking: Equatable {
  /// Two of four bits in a byte, the first in the upper half.
  case pairs
  /// As many of `bits` bits as 31 bits hold in a 32-bit word, the first in the lowest bits. The sign is left out:
  /// dividing negative numbers rounds the other way.
  case words(bits: Int)
  case bytes

  /// The closest packing for indices below `count`, which is at most 256.
  init(count: Int) {
    switch count {
    case ...16: self = .pairs
    case ...32: self = .words(bits: 5)
    case ...64: self = .words(bits: 6)
    default: self = .bytes
    }
  }

  /// Indices in one byte or word.
  var perCell: Int {
    switch self {
    case .pairs: 2
    case .words(let bits): 31 / bits
    case .bytes: 1
    }
  }

  /// The indices as a tensor; the last cell is filled up with zeros.
  func pack(_ indices: [UInt8], name: String) -> Onnx_TensorProto {
    let cells = stride(from: 0, to: indices.count, by: perCell).map { indices[$0..<min($0 + perCell, indices.count)] }
    switch self {
    case .bytes: return .bytes(name, [indices.count], indices)
    case .pairs:
      return .bytes(name, [cells.count], cells.map { ($0.first ?? 0) << 4 | ($0.count > 1 ? $0.last ?? 0 : 0) })
    case .words(let bits):
      var words = Onnx_TensorProto.words(
        name, cells.map { cell in cell.reversed().reduce(Int32(0)) { $0 << Int32(bits) | Int32($1) } })
      words.dims = [Int64(cells.count), 1]
      return words
    }
  }

  /// What all tensors of this packing read, by names that begin with `prefix`.
  func sharedTensors(_ prefix: String) -> [Onnx_TensorProto] {
    switch self {
    case .bytes: return []
    case .pairs:
      var table = Onnx_TensorProto.words("\(prefix)/pairs", (0..<256).flatMap { [Int32($0 >> 4), Int32($0 & 15)] })
      table.dims = [256, 2]
      return [table]
    case .words(let bits):
      return [
        .words("\(prefix)/shifts\(bits)", (0..<perCell).map { Int32(1) << Int32($0 * bits) }),
        .words("\(prefix)/count\(bits)", [Int32(1) << Int32(bits)]),
      ]
    }
  }

  /// The nodes that make 32-bit indices of a packed tensor, cells x ``perCell`` or a list, and the name of what they
  /// make.
  func unpack(_ packed: String, _ prefix: String) -> (nodes: [Onnx_NodeProto], output: String) {
    switch self {
    case .bytes, .pairs:
      var cast = Onnx_NodeProto.make("Cast", [packed], "\(packed)/words")
      cast.set("to", Int(OnnxElement.int32))
      guard self == .pairs else { return ([cast], "\(packed)/words") }
      return ([cast, .make("Gather", ["\(prefix)/pairs", "\(packed)/words"], "\(packed)/taken")], "\(packed)/taken")
    case .words(let bits):
      return (
        [
          .make("Div", [packed, "\(prefix)/shifts\(bits)"], "\(packed)/moved"),
          .make("Mod", ["\(packed)/moved", "\(prefix)/count\(bits)"], "\(packed)/taken"),
        ], "\(packed)/taken"
      )
    }
  }
}
