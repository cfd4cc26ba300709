import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeMachine
import EdgepipeONNX
import Measure

extension CompressReport {
  /// The report for programs (docs/ladder.md).
  var value: ReportValue {
    .object([
      "v": .int(1), "model": .string(float), "name": .string(name), "folder": installed.map { .string($0) } ?? .null,
      "precision": .string(ladder.model.manifest.precision),
      "plan": .object([
        "source": .string(plan.source), "steps": .list(plan.steps.map { .string($0.text) }),
        "measured": .bool(plan.rule.decides),
        "max_drop_ap": .double(plan.rule.limits.precision), "max_drop_f1": .double(plan.rule.limits.agreement),
      ]),
      "target": plan.target.map {
        .object([
          "name": .string($0.name), "memory_mb": .int($0.memoryMB), "memory_source": .string($0.memorySource),
          "model_limit_mb": .int($0.advice.modelLimitMB),
        ])
      } ?? .null,
      "pictures": .object([
        "calibrated": .int(pictures.calibrated), "compared": .int(pictures.compared),
        "evaluated": pictures.evaluated.map { .int($0) } ?? .null, "kept_apart": .bool(pictures.isApart),
      ]),
      "warnings": .list(warnings.map { .string($0) }),
      "power": .object([
        "profile": .string(power.profile.name), "estimated": .bool(true), "fps": number(power.rate),
      ]),
      "needs": footprint.map {
        .object(["weight_bytes": .int($0.weightBytes), "activation_bytes": .int($0.activationBytes)])
      } ?? .null,
      "ladder": .list(ladder.rungs.map(value)),
    ])
  }

  private func value(_ rung: LadderRung) -> ReportValue {
    let agreement = rung.accuracy?.agreement
    return .object([
      "step": .string(rung.step), "fate": .string(rung.fate.rawValue), "reason": .string(rung.reason),
      "note": .string(rung.note), "input": rung.input.map { .string($0) } ?? .null,
      "bytes": rung.bytes.map { .int($0) } ?? .null,
      "memory_peak_mb": number(rung.memory?.peakMB), "memory_resident_mb": number(rung.memory?.residentMB),
      "latency_ms": number(rung.speed?.latencyMs), "cpu_ms": number(rung.speed?.cpuMs),
      "per_second": number(rung.speed?.rate), "ratio": number(rung.speed?.ratio),
      "ratio_range": rung.speed.map {
        .list([.double($0.ratioRange.lowerBound), .double($0.ratioRange.upperBound)])
      } ?? .null,
      "power_w": number(power.watts(rung)), "ap": number(rung.accuracy?.ap), "ap50": number(rung.accuracy?.ap50),
      "f1": number(agreement?.f1), "mean_iou": number(agreement?.meanIoU),
      "detections": agreement.map {
        .object(["float": .int($0.found.a), "model": .int($0.found.b), "both": .int($0.matched)])
      } ?? .null,
    ])
  }

  private func number(_ value: Double?) -> ReportValue { value.map { .double($0) } ?? .null }
}
