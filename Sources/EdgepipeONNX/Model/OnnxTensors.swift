import EdgepipeCore
import Foundation

/// Goes through every tensor of a model, wherever it is: weights, attributes of nodes, graphs inside of nodes,
/// functions. Each must hold as many values as its shape says, and those kept in other files are taken in.
struct OnnxTensors {
  private let name: String
  /// Where other files may lie; nil: nowhere.
  private let folder: URL?
  /// Bytes that may still be taken in.
  private var budget: Int
  /// Of the files that were read so far, by their names in the model.
  private var checksums: [String: String] = [:]

  /// - Parameters:
  ///   - name: what errors call the model.
  ///   - byteCount: the size of the model's own file.
  init(name: String, folder: URL?, byteCount: Int) {
    self.name = name
    self.folder = folder
    budget = OnnxModel.maximumByteCount - byteCount
  }

  mutating func settle(_ model: inout Onnx_ModelProto) throws {
    try settle(&model.graph)
    for index in model.functions.indices { try settle(&model.functions[index].node) }
    for index in model.functions.indices { try settle(&model.functions[index].attributeProto) }
    for index in model.trainingInfo.indices {
      try settle(&model.trainingInfo[index].initialization)
      try settle(&model.trainingInfo[index].algorithm)
    }
  }

  // The depth is bounded: the decoder refuses messages that are nested more than a hundred times.

  private mutating func settle(_ graph: inout Onnx_GraphProto) throws {
    for index in graph.initializer.indices { try settle(&graph.initializer[index]) }
    for index in graph.sparseInitializer.indices { try settle(&graph.sparseInitializer[index]) }
    try settle(&graph.node)
  }

  private mutating func settle(_ nodes: inout [Onnx_NodeProto]) throws {
    for index in nodes.indices { try settle(&nodes[index].attribute) }
  }

  private mutating func settle(_ attributes: inout [Onnx_AttributeProto]) throws {
    for index in attributes.indices {
      // Asking for a message that is not there would make it.
      if attributes[index].hasT { try settle(&attributes[index].t) }
      if attributes[index].hasG { try settle(&attributes[index].g) }
      if attributes[index].hasSparseTensor { try settle(&attributes[index].sparseTensor) }
      for inner in attributes[index].tensors.indices { try settle(&attributes[index].tensors[inner]) }
      for inner in attributes[index].graphs.indices { try settle(&attributes[index].graphs[inner]) }
      for inner in attributes[index].sparseTensors.indices { try settle(&attributes[index].sparseTensors[inner]) }
    }
  }

  private mutating func settle(_ tensor: inout Onnx_SparseTensorProto) throws {
    if tensor.hasValues { try settle(&tensor.values) }
    if tensor.hasIndices { try settle(&tensor.indices) }
  }

  private mutating func settle(_ tensor: inout Onnx_TensorProto) throws {
    let expected = try byteCount(of: tensor)
    if tensor.dataLocation == .external { return try takeIn(&tensor, byteCount: expected) }
    guard !tensor.hasSegment else {
      throw unsound("stores tensor '\(short(tensor.name))' in segments, which are not supported")
    }
    if tensor.hasRawData {
      guard let expected else { throw unsound("stores text of tensor '\(short(tensor.name))' as raw bytes") }
      guard tensor.rawData.count == expected else {
        throw unsound(tensor, holds: "\(tensor.rawData.count) bytes", expected)
      }
      return
    }
    let (values, wanted) = stored(tensor)
    guard values == wanted else { throw unsound(tensor, holds: "\(values) values", wanted) }
  }

  /// How many bytes the shape asks for; nil for text.
  private func byteCount(of tensor: Onnx_TensorProto) throws -> Int? {
    var count = 1
    for dimension in tensor.dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
      guard dimension >= 0, !overflow, product <= OnnxModel.maximumByteCount else {
        let shape = tensor.dims.prefix(8).map { "\($0)" }.joined(separator: ", ")
        throw unsound("has tensor '\(short(tensor.name))' of the invalid shape [\(shape)]")
      }
      count = product
    }
    if tensor.dataType == OnnxElement.string { return nil }
    guard let bits = OnnxElement.bits(tensor.dataType) else {
      throw unsound("has tensor '\(short(tensor.name))' of the unknown type \(tensor.dataType)")
    }
    return (count * bits + 7) / 8
  }

  /// How many values a tensor without raw bytes holds in the list for its type, and how many it should.
  private func stored(_ tensor: Onnx_TensorProto) -> (values: Int, wanted: Int) {
    let count = tensor.elementCount
    return switch Onnx_TensorProto.DataType(rawValue: Int(tensor.dataType)) {
    case .float: (tensor.floatData.count, count)
    case .complex64: (tensor.floatData.count, 2 * count)
    case .double: (tensor.doubleData.count, count)
    case .complex128: (tensor.doubleData.count, 2 * count)
    case .int64: (tensor.int64Data.count, count)
    case .uint32, .uint64: (tensor.uint64Data.count, count)
    case .string: (tensor.stringData.count, count)
    // The others are in 32-bit words: one for each value, or for each byte of packed ones.
    default: (tensor.int32Data.count, (count * min(8, OnnxElement.bits(tensor.dataType) ?? 8) + 7) / 8)
    }
  }

  // MARK: - Other files

  /// Takes a tensor's bytes in from a file beside the model.
  ///
  /// - Parameter byteCount: what the shape asks for: no more is read, whatever the model says.
  private mutating func takeIn(_ tensor: inout Onnx_TensorProto, byteCount: Int?) throws {
    let facts = Dictionary(tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let location = facts["location"] ?? "", shown = short(location), label = "tensor '\(short(tensor.name))'"
    guard let byteCount else { throw unsound("stores text of \(label) in another file") }
    let file = try find(location, label)
    guard let offset = Int(facts["offset"] ?? "0"), offset >= 0,
      let length = facts["length"].map({ Int($0) }) ?? byteCount, length == byteCount
    else {
      let place = "\(short(facts["length"] ?? "the")) bytes at \(short(facts["offset"] ?? "0"))"
      throw unsound("refers to \(place) of '\(shown)' for \(label), which has \(byteCount) bytes")
    }
    guard byteCount <= budget else {
      throw unsound("refers to more than the limit of \(OnnxModel.maximumByteCount) bytes in other files")
    }
    budget -= byteCount
    if let checksum = facts["checksum"], try self.checksum(of: file, location) != checksum.lowercased() {
      throw unsound("states another checksum for '\(shown)' than the file has")
    }
    let data = try read(file, offset: offset, count: byteCount)
    guard data.count == byteCount else {
      throw unsound("refers to \(byteCount) bytes at \(offset) of '\(shown)', which is too short")
    }
    tensor.rawData = data
    tensor.externalData = []
    tensor.clearDataLocation()
  }

  /// The file that a tensor names. A path that leaves the folder, by `..` or a link, is refused: a model must not read
  /// the user's other files.
  private func find(_ location: String, _ label: String) throws -> URL {
    guard let folder else {
      throw unsound(
        "stores \(label) in another file, '\(short(location))'", remedy: "import the model, which includes such files")
    }
    let root = folder.resolvingSymlinksInPath().standardizedFileURL.path
    let file = folder.appendingPathComponent(location).resolvingSymlinksInPath().standardizedFileURL
    guard !location.isEmpty, !location.hasPrefix("/"), !location.contains("\0"),
      file.path.hasPrefix(root == "/" ? root : root + "/")
    else { throw unsound("stores \(label) outside its folder, in '\(short(location))'") }
    let facts = try? FileManager.default.attributesOfItem(atPath: file.path)
    guard let facts else {
      throw PipelineError("the tensor file '\(file.path)' of model '\(name)' does not exist", code: .notFound)
    }
    // A pipe would be waited for, a device might do things.
    guard facts[.type] as? FileAttributeType == .typeRegular else {
      throw unsound("stores \(label) in something that is not a regular file")
    }
    return file
  }

  private func read(_ file: URL, offset: Int, count: Int) throws -> Data {
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      try handle.seek(toOffset: UInt64(offset))
      return try handle.read(upToCount: count) ?? Data()
    } catch {
      throw PipelineError(
        "cannot read the tensor file '\(file.path)' of model '\(name)': \(error.localizedDescription)", code: .notFound)
    }
  }

  /// Of the whole file, as ONNX defines it.
  private mutating func checksum(of file: URL, _ location: String) throws -> String {
    if let known = checksums[location] { return known }
    let data = try readFile(file, what: "tensor file of model '\(name)'", limit: OnnxModel.maximumByteCount)
    let sum = MessageDigest.hexadecimal(of: data, .sha1)
    checksums[location] = sum
    return sum
  }

  // MARK: - Errors

  private func unsound(_ tensor: Onnx_TensorProto, holds what: String, _ wanted: Int) -> PipelineError {
    let shape = tensor.dims.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return unsound("has tensor '\(short(tensor.name))' of \(what), its shape [\(shape)] needs \(wanted)")
  }

  private func unsound(_ what: String, remedy: String? = nil) -> PipelineError {
    var error = OnnxModel.unsound(name, what)
    if let remedy { error.remedy = remedy }
    return error
  }

  /// A name may have megabytes.
  private func short(_ text: String) -> String { Quoted.short(text) }
}
