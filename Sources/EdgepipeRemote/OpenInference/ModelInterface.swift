import EdgepipeCore

/// What a model on a server takes and gives, as its metadata says: requests are written by it, and answers checked.
struct ModelInterface: Hashable, Sendable {
  static let maximumTensors = 256
  static let maximumRank = 16

  let input: RemoteTensor
  let outputs: [RemoteTensor]

  init(input: RemoteTensor, outputs: [RemoteTensor]) {
    self.input = input
    self.outputs = outputs
  }

  /// - Throws: `mismatch` for models that take anything but one tensor.
  init(_ description: ServerDescription) throws(RemoteFailure) {
    guard description.inputs.count == 1, !description.outputs.isEmpty else {
      throw RemoteFailure(
        .mismatch,
        "the model has \(description.inputs.count) inputs and \(description.outputs.count) outputs, "
          + "where one input and at least one output are needed", mayHaveRun: false)
    }
    input = description.inputs[0]
    outputs = description.outputs
  }

  /// - Throws: `mismatch` where the model takes another element type or shape.
  func check(_ datatype: Datatype, _ shape: [Int]) throws(RemoteFailure) {
    guard input.datatype == datatype.rawValue else {
      throw RemoteFailure(
        .mismatch,
        "the model's input \(Quoted.text(input.name)) is \(Quoted.plain(input.datatype)), and \(datatype.rawValue) is sent",
        mayHaveRun: false)
    }
    guard Self.fits(shape, input.shape) else {
      throw RemoteFailure(
        .mismatch, "the model's input \(Quoted.text(input.name)) has the shape \(input.shape), and \(shape) is sent",
        mayHaveRun: false)
    }
  }

  /// Whether a shape may be where another, with -1 for open dimensions, is declared. Some servers declare none.
  static func fits(_ shape: [Int], _ declared: [Int]) -> Bool {
    if declared.isEmpty { return true }
    return shape.count == declared.count && zip(shape, declared).allSatisfy { $1 < 0 || $0 == $1 }
  }

  /// How many elements a shape from outside has.
  ///
  /// - Throws: `malformed` for negative dimensions, and more elements than can be counted.
  static func count(_ shape: [Int], of name: String) throws(RemoteFailure) -> Int {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else {
        throw RemoteFailure(.malformed, "the shape \(shape.prefix(maximumRank)) of \(Quoted.text(name)) is impossible")
      }
      count = product
    }
    return count
  }
}
