import Foundation
import GRPCCore

extension Inference_ModelInferRequest {
  /// The tensor goes out in its raw form.
  init(_ question: AnswerParts.Question, _ tensor: OutgoingTensor) {
    self.init()
    modelName = question.model
    modelVersion = question.version ?? ""
    id = question.id
    var input = InferInputTensor()
    input.name = question.interface.input.name
    input.datatype = tensor.datatype.rawValue
    input.shape = tensor.shape.map(Int64.init)
    inputs = [input]
    outputs = question.interface.outputs.map { wanted in
      var output = InferRequestedOutputTensor()
      output.name = wanted.name
      return output
    }
    // SAFETY: the bytes are copied during the call.
    rawInputContents = [unsafe tensor.withRawBytes { unsafe Data($0) }]
  }
}

extension AnswerParts {
  /// - Throws: `malformed` where the raw contents do not belong to the outputs.
  init(_ answer: Inference_ModelInferResponse) throws(RemoteFailure) {
    modelName = answer.modelName
    modelVersion = answer.modelVersion
    id = answer.id
    let raw = answer.rawOutputContents
    guard raw.isEmpty || raw.count == answer.outputs.count else {
      throw RemoteFailure(
        .malformed, "the answer has \(answer.outputs.count) outputs, and \(raw.count) blocks of bytes for them")
    }
    outputs = answer.outputs.indices.map { index in
      let output = answer.outputs[index]
      let content = raw.isEmpty ? Self.typed(output) : .data(raw[index])
      return Output(
        name: output.name, datatype: output.datatype, shape: output.shape.map { Int(clamping: $0) }, content: content)
    }
  }

  /// Numbers of the field that the protocol has for the element type; others do not count.
  private static func typed(_ output: Inference_ModelInferResponse.InferOutputTensor) -> Output.Content {
    guard output.hasContents else { return .missing }
    let contents = output.contents
    switch Datatype(rawValue: output.datatype) {
    case .bool: return .floats(contents.boolContents.map { $0 ? 1 : 0 })
    case .int8, .int16, .int32: return .floats(contents.intContents.map(Float.init))
    case .int64: return .floats(contents.int64Contents.map { Float($0) })
    case .uint8, .uint16, .uint32: return .floats(contents.uintContents.map { Float($0) })
    case .uint64: return .floats(contents.uint64Contents.map { Float($0) })
    case .float32: return .floats(contents.fp32Contents)
    case .float64: return .floats(contents.fp64Contents.map { Float($0) })
    // Half precision has no field of its own, and travels raw.
    case .float16, .bytes, nil: return .missing
    }
  }
}

extension RemoteTensor {
  init(_ tensor: Inference_ModelMetadataResponse.TensorMetadata) {
    self.init(name: tensor.name, datatype: tensor.datatype, shape: tensor.shape.map { Int(clamping: $0) })
  }
}
