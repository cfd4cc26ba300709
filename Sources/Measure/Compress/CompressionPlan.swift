package import EdgepipeCompression
import EdgepipeCore

/// What a compression is to do: the steps, what decides about them, and what the result is called.
package struct CompressionPlan {
  package let steps: [StepRequest]
  package let rule: StepRule
  /// Nil when the model is not made for a certain device.
  package let target: CompressionTarget?
  /// The new model's name.
  package let name: String
  /// Where the plan is from, for the report.
  package let source: String

  /// What is done when nothing else is said.
  private static let standard = "fusion,int8"

  /// - Parameters:
  ///   - float: the float model's name.
  ///   - steps: those asked for by hand.
  ///   - maximumDrop: in points; saying it lets measurements decide.
  /// - Throws: ``PipelineError`` (`invalidArgument`) for steps and devices that there are not.
  package init(
    float: String, name: String?, steps: String?, target: String?, memoryMB: Int?, maximumDrop: Double?
  ) throws {
    self.target = try target.map { text in try CompressionTarget(text, memoryMB: memoryMB) }
    let advice = self.target?.advice
    if let steps {
      self.steps = try StepRequest.list(steps)
      source = "as given with --steps"
    } else if let target = self.target, let advice {
      self.steps = CompressionSteps.plan(advice)
      source =
        "for \(target.name), \(target.memoryMB) MB (\(target.memorySource)): \(advice.reason), advised steps: "
        + advice.steps.joined(separator: ", ")
    } else {
      self.steps = try StepRequest.list(Self.standard)
      source = "default"
    }
    let decides = maximumDrop != nil || (self.target != nil && steps == nil)
    rule = StepRule(
      limits: maximumDrop.map { .init($0) } ?? .init(), decides: decides, savesMemory: advice?.savesMemory ?? true)
    if let name {
      self.name = name
    } else if let target = self.target {
      self.name = "\(float)-\(target.name)"
    } else if decides {
      // Which steps stay is not known yet.
      self.name = "\(float)-compressed"
    } else {
      let names = self.steps.map(\.name), forms = names.filter { $0 != RectangularInput.name }
      let mark = forms.first { $0 == IntegerQuantization.name } ?? forms.last
      // A model for pictures of one shape does not take the place of the one for all.
      let shape = names.count > forms.count ? RectangularInput.name : nil
      self.name = ([float, mark, shape] as [String?]).compactMap(\.self).joined(separator: "-")
    }
  }

  /// What leaves steps out, for the recipe.
  package var decision: String {
    rule.decides ? "limits \(rule.limits.precision) \(rule.limits.agreement), memory \(rule.savesMemory)" : ""
  }
}
