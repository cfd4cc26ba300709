import Detectors
package import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Goes down the ladder: takes one step of the plan after the other, measures each, and keeps those that were worth it.
package struct CompressionRun {
  private let plan: [StepRequest]
  private let rule: StepRule
  private let meter: any LadderMeter
  private let steps: [any CompressionStep.Type]

  /// - Parameters:
  ///   - plan: the steps in order.
  ///   - steps: those that there are.
  package init(
    plan: [StepRequest], rule: StepRule, meter: any LadderMeter,
    steps: [any CompressionStep.Type] = CompressionSteps.all
  ) {
    (self.plan, self.rule, self.meter, self.steps) = (plan, rule, meter, steps)
  }

  /// - Throws: ``PipelineError`` when a step cannot be done and nobody decides about steps but the user, who asked for
  ///   it; what steps and meters throw.
  package func run(_ context: CompressionContext) throws -> CompressionLadder {
    let original = context.original
    var ladder = CompressionLadder(
      float: LadderRung(
        step: original.manifest.precision, fate: .float, reason: "", sides: original.manifest.usualSides,
        bytes: try original.model.serialized().count, accuracy: try meter.accuracy(of: original)),
      model: original)
    var models = [original], places = [0]
    var figures = StepRule.Figures(bytes: ladder.rungs[0].bytes ?? 0, accuracy: ladder.rungs[0].accuracy)
    let float = figures
    for request in plan {
      let made: CompressionCandidate
      do {
        made = try apply(request, to: ladder.model, context)
      } catch let refusal as StepRefusal {
        guard rule.decides else {
          throw PipelineError(
            "the step '\(request.text)' cannot be applied to '\(original.manifest.name)': \(refusal.reason)",
            remedy: "omit it from --steps, or keep the model unchanged", code: .malformed)
        }
        ladder.rungs.append(LadderRung(step: request.text, fate: .unavailable, reason: refusal.reason))
        continue
      }
      var after = StepRule.Figures(
        bytes: try made.model.serialized().count, accuracy: try meter.accuracy(of: made))
      var before = figures
      if rule.decides, let speeds = try meter.speeds(of: [ladder.model, made], rounds: 5), speeds.count == 2 {
        (before.cpuMs, after.cpuMs) = (speeds[0].cpuMs, speeds[1].cpuMs)
      }
      let verdict = rule.verdict(after: after, before: before, float: float)
      places.append(ladder.rungs.count)
      models.append(made)
      ladder.rungs.append(
        LadderRung(
          step: request.text, fate: verdict.isKept ? .kept : .leftOut, reason: verdict.reason, note: made.note,
          sides: made.manifest.usualSides, bytes: after.bytes, accuracy: after.accuracy))
      if verdict.isKept { (ladder.model, figures) = (made, after) }
    }
    try measure(models, at: places, in: &ladder)
    return ladder
  }

  private func apply(
    _ request: StepRequest, to candidate: CompressionCandidate, _ context: CompressionContext
  ) throws -> CompressionCandidate {
    guard let type = steps.first(where: { $0.name == request.name }) else {
      throw StepRefusal(CompressionSteps.missingReason(request.name))
    }
    meter.begins("step \(request.text)")
    var candidate = candidate
    candidate.note = ""
    do {
      return try type.init(amount: request.amount).apply(to: candidate, in: context)
    } catch let error as PipelineError where error.code.isOfData {
      // A model that does not suit is no fault of the program, and the other steps may still be worth taking.
      throw StepRefusal(error.message)
    }
  }

  /// Speed and memory of everything that was made, in turns, so that all are measured alike.
  private func measure(_ models: [CompressionCandidate], at places: [Int], in ladder: inout CompressionLadder) throws {
    if let speeds = try meter.speeds(of: models, rounds: 7) {
      for (place, figures) in zip(places, speeds) { ladder.rungs[place].speed = figures }
    }
    for (place, model) in zip(places, models) { ladder.rungs[place].memory = try meter.memory(of: model) }
  }
}

/// What measures the models of a ladder; tests put numbers in its place.
package protocol LadderMeter: Sendable {
  /// Told before work that takes a while, with what it is.
  func begins(_ title: String)
  /// Nil where accuracy is not measured.
  func accuracy(of candidate: CompressionCandidate) throws -> LadderAccuracy?
  /// All of them in turns; nil where speed is not measured.
  func speeds(of candidates: [CompressionCandidate], rounds: Int) throws -> [ThroughputComparison.Figures]?
  /// Nil where it is not measured.
  func memory(of candidate: CompressionCandidate) throws -> SessionMemory?
}

/// A model after each step, and the one at the end.
package struct CompressionLadder: Sendable {
  /// The float model first.
  package var rungs: [LadderRung]
  /// After the last step that was kept.
  package var model: CompressionCandidate

  init(float: LadderRung, model: CompressionCandidate) {
    rungs = [float]
    self.model = model
  }

  package var kept: [LadderRung] { rungs.filter { $0.fate == .kept } }
  /// The rung of ``model``.
  var last: LadderRung { kept.last ?? rungs[0] }
}

/// One step of a ladder and what was measured after it.
package struct LadderRung: Sendable {
  package enum Fate: String, Sendable {
    /// What the ladder began with.
    case float
    case kept
    /// Taken back: it was not worth it.
    case leftOut = "left-out"
    /// Could not be done.
    case unavailable = "not-available"
  }

  package var step: String
  package var fate: Fate
  /// Why, in words.
  package var reason: String
  /// What the step did.
  package var note = ""
  /// Of the pictures that it is measured with, in pixels.
  package var sides: (height: Int, width: Int)?
  /// Of the model file.
  package var bytes: Int?
  package var accuracy: LadderAccuracy?
  package var speed: ThroughputComparison.Figures?
  package var memory: SessionMemory?
}
