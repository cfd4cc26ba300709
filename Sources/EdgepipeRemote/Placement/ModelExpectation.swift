import Detectors
import EdgepipeCore

/// What the model of a server must be, by the one here: the same tensors under the same names.
struct ModelExpectation: Sendable {
  let model: String
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]

  /// Why a server cannot be used; nil where it can.
  func failure(of found: ServerDescription) -> RemoteFailure? {
    guard found.isReady else { return RemoteFailure(.failed, "the model '\(model)' is not ready there") }
    if let difference = Self.difference("input", inputs, found.inputs, isTyped: true)
      ?? Self.difference("output", outputs, found.outputs, isTyped: false)
    {
      return RemoteFailure(.mismatch, "the model '\(model)' there is another one than here: \(difference)")
    }
    return nil
  }

  private static func difference(
    _ kind: String, _ here: [TensorDescription], _ there: [RemoteTensor], isTyped: Bool
  ) -> String? {
    if here.count != there.count { return "it has \(there.count) \(kind)s, not \(here.count)" }
    for tensor in here {
      guard let other = there.first(where: { $0.name == tensor.name }) else {
        let names = there.map { Quoted.text($0.name) }.joined(separator: ", ")
        return "it has no \(kind) '\(tensor.name)' but \(names)"
      }
      if isTyped, let element = tensor.element, other.datatype != element.remoteName {
        return "its \(kind) '\(tensor.name)' is \(Quoted.text(other.datatype)), not \(element.remoteName)"
      }
      let isSame =
        tensor.shape.isEmpty
        || tensor.shape.count == other.shape.count
          && zip(tensor.shape, other.shape).allSatisfy { own, other in own == nil || other < 0 || own == other }
      if !isSame {
        let own = tensor.shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
        return "its \(kind) '\(tensor.name)' has the shape \(other.shape), not [\(own)]"
      }
    }
    return nil
  }

  /// The outputs in the order in which the model here has them.
  ///
  /// - Returns: nil where one is missing.
  func ordered(_ answer: InferAnswer) -> InferAnswer? {
    var ordered = answer
    ordered.outputs = outputs.compactMap { output in answer.outputs.first { $0.name == output.name } }
    return ordered.outputs.count == outputs.count ? ordered : nil
  }
}

extension TensorElement {
  /// As the protocol names it.
  var remoteName: String {
    switch self {
    case .float32: "FP32"
    case .float16: "FP16"
    case .uint8: "UINT8"
    }
  }
}
