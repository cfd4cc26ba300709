import EdgepipeCore

/// What `v2` says of a server.
struct ServerMetadata: Hashable, Sendable {
  static let binaryExtension = "binary_tensor_data"

  var name = ""
  var version = ""
  var extensions: [String] = []

  /// - Throws: `malformed` where it is no such JSON.
  init(json: [UInt8]) throws(RemoteFailure) {
    var cursor = JSONCursor(json), result = Self()
    try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
      switch key {
      case "name": result.name = cursor.null() ? "" : try cursor.string()
      case "version": result.version = cursor.null() ? "" : try cursor.string()
      case "extensions": result.extensions = try cursor.strings()
      default: try cursor.skip()
      }
    }
    try cursor.end()
    self = result
  }

  init() {}
}

/// What `v2/models/NAME` says of a model.
struct ModelMetadata: Hashable, Sendable {
  var name = ""
  var versions: [String] = []
  var platform = ""
  var inputs: [RemoteTensor] = []
  var outputs: [RemoteTensor] = []

  /// - Throws: `malformed` where it is no such JSON.
  init(json: [UInt8]) throws(RemoteFailure) {
    var cursor = JSONCursor(json), result = Self()
    try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
      switch key {
      case "name": result.name = try cursor.string()
      case "versions": result.versions = try cursor.strings()
      case "platform": result.platform = cursor.null() ? "" : try cursor.string()
      case "inputs": result.inputs = try Self.tensors(&cursor)
      case "outputs": result.outputs = try Self.tensors(&cursor)
      default: try cursor.skip()
      }
    }
    try cursor.end()
    self = result
  }

  init(name: String, versions: [String], platform: String, inputs: [RemoteTensor], outputs: [RemoteTensor]) {
    self.name = name
    self.versions = versions
    self.platform = platform
    self.inputs = inputs
    self.outputs = outputs
  }

  private init() {}

  /// - Throws: `malformed` for another model's description, and tensors that nobody can ask for.
  func check(model: String) throws(RemoteFailure) {
    guard name == model else {
      throw RemoteFailure(
        .malformed, "the server describes the model \(Quoted.text(name)), and \(Quoted.text(model)) was asked")
    }
    for tensors in [inputs, outputs] {
      guard tensors.count <= ModelInterface.maximumTensors, Set(tensors.map(\.name)).count == tensors.count,
        tensors.allSatisfy({ $0.shape.count <= ModelInterface.maximumRank && $0.shape.allSatisfy { $0 >= -1 } })
      else { throw RemoteFailure(.malformed, "the server's description of the model has impossible tensors") }
    }
  }

  private static func tensors(_ cursor: inout JSONCursor) throws(RemoteFailure) -> [RemoteTensor] {
    if cursor.null() { return [] }
    var tensors: [RemoteTensor] = []
    try cursor.array { (cursor: inout JSONCursor) throws(RemoteFailure) in
      var tensor = RemoteTensor(name: "", datatype: "", shape: [])
      try cursor.object { (cursor: inout JSONCursor, key) throws(RemoteFailure) in
        switch key {
        case "name": tensor.name = try cursor.string()
        case "datatype": tensor.datatype = try cursor.string()
        case "shape": tensor.shape = try AnswerParts.shape(&cursor)
        default: try cursor.skip()
        }
      }
      tensors.append(tensor)
    }
    return tensors
  }
}

extension JSONCursor {
  /// An array of strings; null is an empty one.
  fileprivate mutating func strings() throws(RemoteFailure) -> [String] {
    if null() { return [] }
    var strings: [String] = []
    try array { (cursor: inout JSONCursor) throws(RemoteFailure) in strings.append(try cursor.string()) }
    return strings
  }
}
