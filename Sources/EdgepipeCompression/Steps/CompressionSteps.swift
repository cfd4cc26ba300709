import EdgepipeCore
import Foundation

/// The steps that there are.
package enum CompressionSteps {
  package static let all: [any CompressionStep.Type] = [
    ChannelPruning.self, WeightPruning.self, Distillation.self, GraphFusion.self, IntegerQuantization.self,
    FastIntegers.self, PortableIntegers.self, HalfPrecision.self, SharedWeights.self, RectangularInput.self,
  ]

  /// All names that plans may hold, in the order in which the steps help each other: what changes the float weights
  /// comes before what changes their form. Of those that are not in ``all`` reports say so.
  static let order = [
    "structured-pruning", "unstructured-pruning", "distillation", "fusion", "int8", "int8-fast", "int8-portable",
    "float16", "weight-sharing", "rectangular",
  ]

  /// Tried for every device, whether or not its plan has them: they cost little to try, and the measurement decides.
  static let always = [GraphFusion.name, IntegerQuantization.name]

  package static func find(_ name: String) -> (any CompressionStep.Type)? { all.first { $0.name == name } }

  /// The steps for a device: those that are advised and those that are always tried, in ``order``.
  package static func plan(_ advice: CompressionAdvice) -> [StepRequest] {
    var requests = advice.plan.map { StepRequest($0) }
    for name in always where !requests.contains(where: { $0.name == name }) {
      requests.append(StepRequest(name: name, amount: nil))
    }
    func place(_ request: StepRequest) -> Int { order.firstIndex(of: request.name) ?? order.count }
    return requests.sorted { place($0) < place($1) }
  }

  package static func missingReason(_ name: String) -> String { "this version of edgepipe has no step '\(name)'" }
}

/// A step by its name, as plans and users ask for it.
package struct StepRequest: Sendable, Hashable {
  package let name: String
  /// Nil for a step that takes none, and for one that is not there.
  package let amount: Double?

  /// The step of a plan; one that this version does not have is kept, so that the report can say so.
  init(_ step: CompressionAdvice.Step) {
    self.init(name: step.name, amount: step.amount ?? CompressionSteps.find(step.name)?.amount?.standard)
  }

  init(name: String, amount: Double?) { (self.name, self.amount) = (name, amount) }

  /// `fusion`, or `unstructured-pruning=0.6`.
  ///
  /// - Throws: ``PipelineError`` (`invalidArgument`) for a name that is not known, and a number that the step does not
  ///   take.
  init(_ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0].trimmingCharacters(in: .whitespaces)
    guard let step = CompressionSteps.find(name) else { throw Self.unknown(name) }
    self.name = name
    guard parts.count == 2 else {
      self.amount = step.amount?.standard
      return
    }
    guard let amount = step.amount else {
      throw PipelineError("the step '\(name)' takes no number", remedy: "write '\(name)'", code: .invalidArgument)
    }
    let range = amount.range
    guard let number = Double(parts[1]), range.contains(number), !amount.isWhole || number == number.rounded() else {
      throw PipelineError(
        "'\(parts[1])' is not a valid number for the step '\(name)'",
        remedy: "the number (\(amount.meaning)) is a \(amount.isWhole ? "whole number" : "number") from "
          + "\(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound)), such as "
          + "'\(name)=\(Self.plain(amount.standard))'",
        code: .invalidArgument)
    }
    self.amount = number
  }

  /// The steps of `fusion,int8`.
  ///
  /// - Throws: ``PipelineError`` (`invalidArgument`); also for none at all, and for one that is named twice.
  package static func list(_ text: String) throws -> [StepRequest] {
    var requests: [StepRequest] = []
    for part in text.split(separator: ",") {
      let request = try StepRequest(String(part))
      guard !requests.contains(where: { $0.name == request.name }) else {
        throw PipelineError("the step '\(request.name)' is named twice", remedy: "name it once", code: .invalidArgument)
      }
      requests.append(request)
    }
    guard !requests.isEmpty else {
      throw PipelineError("no steps are named", remedy: "steps: \(Self.known)", code: .invalidArgument)
    }
    return requests
  }

  /// As it is asked for: `unstructured-pruning=0.6`.
  package var text: String { amount.map { "\(name)=\(Self.plain($0))" } ?? name }

  private static let known = CompressionSteps.all.map { $0.name }.joined(separator: ", ")

  private static func unknown(_ name: String) -> PipelineError {
    let guess =
      NearestName.suggestion(for: name, among: CompressionSteps.all.map { $0.name })
      .map { "did you mean '\($0)'? " } ?? ""
    return PipelineError(
      "there is no step '\(name)'", remedy: "\(guess)steps: \(known)", code: .invalidArgument)
  }

  private static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
