import EdgepipeCore
import NIOCore

extension AnswerParts {
  /// Reads the body of an answer over HTTP.
  ///
  /// - Parameter headBytes: of `Inference-Header-Content-Length`: behind that many bytes of JSON the tensors follow, in the
  ///   order of the outputs.
  /// - Throws: `malformed` with what is wrong.
  init(body: ByteBuffer, headBytes: Int?) throws(RemoteFailure) {
    var body = body
    guard let head = body.readBytes(length: headBytes ?? body.readableBytes) else {
      throw RemoteFailure(
        .malformed, "the answer has \(body.readableBytes) bytes, and \(headBytes ?? 0) of them are said to be its head")
    }
    var cursor = JSONCursor(head), parts = AnswerParts(), sizes: [Int?] = [], seen: Set<String> = []
    try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
      guard seen.insert(key).inserted else { throw Self.twice(key) }
      switch key {
      case "model_name": parts.modelName = try cursor.string()
      case "model_version": parts.modelVersion = cursor.null() ? nil : try cursor.string()
      case "id": parts.id = cursor.null() ? nil : try cursor.string()
      case "outputs":
        try cursor.array { (cursor: inout JSONCursor) throws(RemoteFailure) in
          let (output, size) = try Self.output(&cursor)
          parts.outputs.append(output)
          sizes.append(size)
          if sizes.count > ModelInterface.maximumTensors {
            throw RemoteFailure(.malformed, "the answer has more than \(ModelInterface.maximumTensors) outputs")
          }
        }
      default: try cursor.skip()
      }
    }
    try cursor.end()
    for (index, size) in sizes.enumerated() {
      guard let size else { continue }
      guard headBytes != nil, size >= 0, let slice = body.readSlice(length: size) else {
        throw RemoteFailure(
          .malformed,
          "the answer says that \(Quoted.text(parts.outputs[index].name)) has \(size) bytes behind its head, "
            + "and there are \(headBytes == nil ? 0 : body.readableBytes)")
      }
      parts.outputs[index].content = .buffer(slice)
    }
    if headBytes != nil, body.readableBytes > 0 {
      throw RemoteFailure(.malformed, "the answer has \(body.readableBytes) bytes that belong to no output")
    }
    self = parts
  }

  /// One output, and how many bytes behind the head are its.
  private static func output(_ cursor: inout JSONCursor) throws(RemoteFailure) -> (Output, Int?) {
    var output = Output(), size: Int?, seen: Set<String> = []
    try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
      guard seen.insert(key).inserted else { throw twice(key) }
      switch key {
      case "name": output.name = try cursor.string()
      case "datatype": output.datatype = try cursor.string()
      case "shape": output.shape = try Self.shape(&cursor)
      case "data": if !cursor.null() { output.content = .floats(try cursor.numbers()) }
      case "parameters":
        if cursor.null() { return }
        try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
          if key == "binary_data_size" { size = try cursor.integer() } else { try cursor.skip() }
        }
      default: try cursor.skip()
      }
    }
    if size != nil, case .floats = output.content {
      throw RemoteFailure(.malformed, "the answer has \(Quoted.text(output.name)) both as JSON and as bytes")
    }
    return (output, size)
  }

  static func shape(_ cursor: inout JSONCursor) throws(RemoteFailure) -> [Int] {
    var shape: [Int] = []
    try cursor.array { (cursor: inout JSONCursor) throws(RemoteFailure) in
      shape.append(try cursor.integer())
      if shape.count > ModelInterface.maximumRank {
        throw RemoteFailure(.malformed, "a tensor of the answer has more than \(ModelInterface.maximumRank) dimensions")
      }
    }
    return shape
  }

  static func twice(_ key: String) -> RemoteFailure {
    RemoteFailure(.malformed, "the answer has the key \(Quoted.text(key)) twice")
  }
}
