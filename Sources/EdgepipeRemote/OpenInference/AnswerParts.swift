import EdgepipeCore
import Foundation
import NIOCore

/// An answer taken apart, of whichever way, before it is compared with what was asked for.
struct AnswerParts {
  struct Output {
    enum Content {
      case floats([Float])
      case buffer(ByteBuffer)
      case data(Data)
      /// Its data is nowhere.
      case missing
    }
    var name = ""
    var datatype = ""
    var shape: [Int] = []
    var content = Content.missing
  }

  /// What was asked for.
  struct Question {
    let id: String
    let model: String
    let version: String?
    let interface: ModelInterface
  }

  var modelName: String?
  var modelVersion: String?
  var id: String?
  var outputs: [Output] = []

  /// The outputs that were asked for, in that order, each with as many values as its shape says.
  ///
  /// - Throws: `malformed` with what is wrong.
  func checked(_ question: Question) throws(RemoteFailure) -> [InferAnswer.Output] {
    guard let modelName, modelName == question.model else {
      throw wrong(
        "it comes from the model \(Quoted.text(modelName ?? "")), and \(Quoted.text(question.model)) was asked")
    }
    if let wanted = question.version, let modelVersion, !modelVersion.isEmpty, modelVersion != wanted {
      throw wrong("it comes from version \(Quoted.text(modelVersion)), and \(Quoted.text(wanted)) was asked")
    }
    if let id, !id.isEmpty, id != question.id {
      throw wrong("it has the id \(Quoted.text(id)), and \(Quoted.text(question.id)) was asked")
    }
    guard outputs.count <= ModelInterface.maximumTensors else { throw wrong("it has \(outputs.count) outputs") }
    var result: [InferAnswer.Output] = []
    for wanted in question.interface.outputs {
      let found = outputs.filter { $0.name == wanted.name }
      guard found.count == 1, let output = found.first else {
        throw wrong("it has the output \(Quoted.text(wanted.name)) \(found.count) times")
      }
      guard ModelInterface.fits(output.shape, wanted.shape) else {
        throw wrong(
          "\(Quoted.text(wanted.name)) has the shape \(output.shape.prefix(ModelInterface.maximumRank)), "
            + "and the server describes it as \(wanted.shape)")
      }
      result.append(InferAnswer.Output(name: wanted.name, shape: output.shape, values: try values(of: output)))
    }
    return result
  }

  private func values(of output: Output) throws(RemoteFailure) -> [Float] {
    let name = Quoted.text(output.name)
    guard let datatype = Datatype(rawValue: output.datatype), let size = datatype.byteCount else {
      throw wrong("\(name) has the element type \(Quoted.text(output.datatype))")
    }
    guard output.shape.count <= ModelInterface.maximumRank else {
      throw wrong("\(name) has \(output.shape.count) dimensions")
    }
    let count = try ModelInterface.count(output.shape, of: output.name)
    func check(_ bytes: Int) throws(RemoteFailure) {
      let (wanted, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow || wanted != bytes {
        throw wrong("\(name) has \(bytes) bytes, and its shape \(output.shape) of \(datatype.rawValue) takes \(wanted)")
      }
    }
    switch output.content {
    case .missing: throw wrong("\(name) has no data")
    case .floats(let floats):
      if floats.count != count {
        throw wrong("\(name) has \(floats.count) values, and its shape \(output.shape) \(count)")
      }
      return floats
    case .buffer(let buffer):
      try check(buffer.readableBytes)
      // SAFETY: there are as many bytes as `count` elements take.
      return unsafe buffer.withUnsafeReadableBytes { unsafe datatype.floats($0, count: count) }
    case .data(let data):
      try check(data.count)
      // SAFETY: as above.
      return unsafe data.withUnsafeBytes { unsafe datatype.floats($0, count: count) }
    }
  }

  private func wrong(_ what: String) -> RemoteFailure {
    RemoteFailure(.malformed, "the answer is not what was asked for: \(what)")
  }
}
