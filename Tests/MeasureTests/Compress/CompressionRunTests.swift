import Foundation
import Synchronization
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX
@testable import Measure

@Suite("Going down the ladder")
struct CompressionRunTests {
  /// Cuts the model's name, which stands for its bytes, to half.
  private struct Halving: CompressionStep {
    static let name = "halving"
    static let summary = "Halves."
    static let version = 1
    static let amount: StepAmount? = nil

    init(amount: Double?) {}

    func apply(to candidate: CompressionCandidate, in context: CompressionContext) throws -> CompressionCandidate {
      guard candidate.manifest.origin.count > 1 else { throw StepRefusal("there is nothing left to halve") }
      var result = candidate
      result.manifest.origin = String(candidate.manifest.origin.prefix(candidate.manifest.origin.count / 2))
      result.model.proto.docString = result.manifest.origin
      result.note = "halved"
      return result
    }
  }

  private struct Renaming: CompressionStep {
    static let name = "renaming"
    static let summary = "Changes nothing that counts."
    static let version = 1
    static let amount: StepAmount? = StepAmount(meaning: "tries", range: 1...3, standard: 2)

    let tries: Double
    init(amount: Double?) { tries = amount ?? 2 }

    func apply(to candidate: CompressionCandidate, in context: CompressionContext) -> CompressionCandidate {
      var result = candidate
      result.note = "\(tries) tries"
      return result
    }
  }

  /// Speed goes with what is left of `origin`, and so does accuracy when little is left.
  private final class FakeMeter: LadderMeter {
    let compared = Mutex<[Int]>([])

    func begins(_ title: String) {}
    func accuracy(of candidate: CompressionCandidate) -> LadderAccuracy? {
      LadderAccuracy(ap: candidate.manifest.origin.count >= 16 ? 0.5 : 0.3)
    }
    func speeds(of candidates: [CompressionCandidate], rounds: Int) -> [ThroughputComparison.Figures]? {
      compared.withLock { $0.append(candidates.count) }
      return candidates.map {
        let ms = Double($0.manifest.origin.count)
        return .init(name: "", rate: 1000 / ms, ratio: 1, ratioRange: 1...1, latencyMs: ms, cpuMs: ms)
      }
    }
    func memory(of candidate: CompressionCandidate) -> SessionMemory? { SessionMemory(peakMB: 2, residentMB: 1) }
  }

  private struct NoEngine: InferenceEngine {
    let version = "none"
    func makeSession(model: Data, options: SessionOptions) throws -> any InferenceSession {
      throw PipelineError("nothing runs here", code: .internalFault)
    }
  }

  private func context() -> CompressionContext {
    return CompressionContext(engine: NoEngine(), original: CompressionRunFixture.candidate, pictures: [], clip: 0) {
      _, _ in
    }
  }

  @Test("given no clipping, when ranges are found, then faces keep the whole and others leave out one in ten thousand")
  func rangeRule() {
    var context = context()
    #expect(context.rangeRule == .minMax)
    context.clip = nil
    context.original.manifest.classes = ["person", "face"]
    #expect(context.rangeRule == .quantile(1e-4))
    context.original.manifest.classes = ["face"]
    #expect(context.rangeRule == .minMax)
    context.clip = 1e-3
    #expect(context.rangeRule == .quantile(1e-3))
  }

  private func plan(_ steps: (String, Double?)...) -> [StepRequest] {
    steps.map { StepRequest(name: $0.0, amount: $0.1) }
  }

  private func run(_ plan: [StepRequest], decides: Bool, meter: FakeMeter = FakeMeter()) throws -> CompressionLadder {
    try CompressionRun(
      plan: plan, rule: StepRule(decides: decides, savesMemory: true), meter: meter,
      steps: [Halving.self, Renaming.self]
    ).run(context())
  }

  @Test("given a plan, when gone down, then steps stay that are worth it and each later step works on what stayed")
  func ladder() throws {
    let meter = FakeMeter()
    let ladder = try run(
      plan(("halving", nil), ("renaming", 3), ("halving", nil), ("halving", nil), ("weight-sharing", 16)),
      decides: true, meter: meter)
    #expect(
      ladder.rungs.map(\.step) == ["float32", "halving", "renaming=3", "halving", "halving", "weight-sharing=16"])
    // 64 -> 32, nothing changed, 32 -> 16, and 16 -> 8 costs 20 points of AP.
    #expect(ladder.rungs.map(\.fate) == [.float, .kept, .leftOut, .kept, .leftOut, .unavailable])
    #expect(ladder.rungs[1].reason.hasPrefix("2.00 times as fast"))
    #expect(ladder.rungs[2].reason.hasPrefix("neither faster nor smaller"))
    #expect(ladder.rungs[2].note == "3.0 tries")
    #expect(ladder.rungs[4].reason == "20.0 points of AP below the float model, 1.0 allowed")
    #expect(ladder.rungs[5].reason == "this version of edgepipe has no step 'weight-sharing'")
    #expect(ladder.model.manifest.origin.count == 16)
    #expect(ladder.last.step == "halving")
    // Each step against the one before it, and at the end all that were made in turns; what was not has no figures.
    #expect(meter.compared.withLock { $0 } == [2, 2, 2, 2, 5])
    #expect(ladder.rungs.map { $0.speed?.cpuMs } == [64, 32, 32, 16, 8, nil])
    #expect(ladder.rungs.map { $0.memory?.peakMB } == [2, 2, 2, 2, 2, nil])
  }

  @Test("given steps asked for by hand, when one cannot be done, then that is an error; nothing is left out otherwise")
  func byHand() throws {
    let ladder = try run(plan(("renaming", 1), ("halving", nil)), decides: false)
    #expect(ladder.rungs.map(\.fate) == [.float, .kept, .kept])
    // 64 letters are halved six times.
    let tooMany = (0..<7).map { _ in StepRequest(name: "halving", amount: nil) }
    let error = #expect(throws: PipelineError.self) { try run(tooMany, decides: false) }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("there is nothing left to halve") == true)
  }
}

/// A model that is nothing but a name: `origin` has 64 letters.
enum CompressionRunFixture {
  static var candidate: CompressionCandidate {
    let format = InputFormat(color: .rgb, placement: .topLeft, pad: 0)
    let manifest = ModelManifest(
      name: "m", head: .yolox, input: format, inputSize: 32, classes: ["a"], file: "m.onnx", sha256: "",
      licence: "none",
      origin: String(repeating: "x", count: 64))
    var proto = Onnx_ModelProto()
    proto.docString = manifest.origin
    return CompressionCandidate(model: OnnxModel(proto: proto, name: "m"), manifest: manifest)
  }
}
