@testable import EdgepipeMachine
import Foundation
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import Measure

@Suite("Plans of compression")
struct CompressionPlanTests {
  @Test("given names of steps, when read, then they are the steps in this order")
  func names() throws {
    #expect(try StepRequest.list("int8, fusion").map(\.text) == ["int8", "fusion"])
    // Without a number the usual one is taken, and told.
    #expect(try StepRequest.list("int8,rectangular").map(\.text) == ["int8", "rectangular=1.78"])
  }

  @Test(
    "given names that are none, when read, then the error names them and what is known",
    arguments: [
      ("fusoin", "there is no step 'fusoin'", "did you mean 'fusion'?"), ("", "no steps", "fusion, int8"),
      ("int8=3", "takes no number", "write 'int8'"), ("int8,int8", "named twice", "once"),
      // A number that counts something is whole, and is not rounded without a word.
      (
        "weight-sharing=2.5", "'2.5' is not a valid number for the step 'weight-sharing'",
        "a whole number from 2 to 256"
      ),
      ("int8-portable=0.5", "'0.5' is not a valid number", "a whole number from 0 to 64, such as 'int8-portable=16'"),
      ("rectangular=16:9", "'16:9' is not a valid number", "width over height of the pictures"),
      ("rectangular=9", "'9' is not a valid number", "a number from 0.25 to 4, such as 'rectangular=1.78'"),
    ])
  func wrong(text: String, message: String, remedy: String) {
    let error = #expect(throws: PipelineError.self) { try StepRequest.list(text) }
    #expect(error?.exit == .usage)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.remedy?.contains(remedy) == true, "\(error?.remedy ?? "")")
  }

  @Test(
    "given the advice for any memory, when made a plan, then what changes weights comes before what changes their form")
  func advice() {
    func plan(_ memory: Int) -> [String] { CompressionSteps.plan(CompressionAdvice(memoryMB: memory)).map(\.text) }
    #expect(plan(512) == ["structured-pruning=0.8", "fusion", "int8", "weight-sharing=16"])
    #expect(plan(2048) == ["unstructured-pruning=0.6", "distillation", "fusion", "int8"])
    #expect(plan(8192) == ["unstructured-pruning=0.4", "fusion", "int8", "float16"])
    // Every step has its place, and all that is advised is known.
    #expect(CompressionSteps.all.allSatisfy { CompressionSteps.order.contains($0.name) })
    for memory in [512, 2048, 8192] {
      #expect(CompressionAdvice(memoryMB: memory).plan.allSatisfy { CompressionSteps.order.contains($0.name) })
    }
  }

  @Test("given a device's name, when it is a target, then its memory decides about the plan")
  func target() throws {
    let pi = try CompressionTarget("raspberry-pi-4")
    #expect(pi.name == "raspberry-pi-4b")
    #expect(pi.advice.savesMemory)
    #expect(pi.advice.plan.map(\.name) == ["unstructured-pruning", "int8", "distillation"])
    let small = try CompressionTarget("raspberry-pi-4b", memoryMB: 900)
    #expect(small.advice.plan.map(\.name) == ["structured-pruning", "int8", "weight-sharing"])
    #expect(small.advice.modelLimitMB == 720)
    #expect(try !CompressionTarget("jetson-orin-nano").advice.savesMemory)
    // Every usual amount belongs to a profile that there is.
    #expect(CompressionTarget.usualMemoryMB.keys.allSatisfy { DeviceProfile.builtin(named: $0) != nil })
  }

  @Test(
    "given a target that is not known, or whose memory is not, when asked for, then the error says what to do",
    arguments: [
      ("raspbery-pi-5", "did you mean 'raspberry-pi-5'?"), ("raspberry-pi", "devices: jetson-orin-nano"),
      ("", "devices:"), ("generic-x86-server", "--memory"),
    ])
  func unknown(name: String, remedy: String) {
    let error = #expect(throws: PipelineError.self) { try CompressionTarget(name) }
    #expect(error?.exit == .usage)
    #expect(error?.remedy?.contains(remedy) == true, "\(error?.remedy ?? "")")
  }

  @Test("given names of pictures, when split, then about half are held out, the same ones each time")
  func split() {
    let names = (0..<1000).map { String(format: "%012d.jpg", $0 * 37) }
    let held = names.filter(HeldOutPictures.contains)
    // Three standard deviations of a fair coin: 3 x sqrt(1000) / 2 = 47.
    #expect((453...547).contains(held.count), "\(held.count)")
    #expect(HeldOutPictures.contains("000000005802.jpg") == HeldOutPictures.contains("000000005802.jpg"))
    // Calculated with an FNV-1a of Python's: a change here would mix up the figures of two versions.
    #expect(["a.jpg", "b.jpg", "000000005802.jpg", ""].map(HeldOutPictures.contains) == Self.expected)
  }

  static let expected = [false, false, true, true]

  @Test("given anything that decides about the result, when it changes, then so does the recipe")
  func recipe() throws {
    func recipe(
      source: String = "s", steps: String = "fusion,int8", decision: String = "", calibration: String = "c",
      pictures: Int = 32, seed: UInt64 = 1, clip: Double? = 1e-4, apart: Bool = false
    ) throws -> String {
      CompressionRecipe(
        source: source, plan: try StepRequest.list(steps), decision: decision, calibration: calibration,
        pictures: pictures, seed: seed, clip: clip, keepsApart: apart
      ).hash
    }
    let all = try [
      recipe(), recipe(source: "t"), recipe(steps: "int8"), recipe(steps: "int8,fusion"), recipe(decision: "d"),
      recipe(calibration: "d"), recipe(pictures: 31), recipe(seed: 2), recipe(clip: 1e-3), recipe(clip: nil),
      recipe(apart: true),
    ]
    #expect(Set(all).count == all.count)
    #expect(try recipe() == all[0])
  }

  @Test("given calibration pictures, when one is added or a video changes, then the fingerprint is another")
  func fingerprint() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fingerprint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let video = folder.appendingPathComponent("a.mp4")
    try Data([1]).write(to: video)
    let first = try (CompressionRecipe.fingerprint(of: folder.path), CompressionRecipe.fingerprint(of: video.path))
    #expect(try CompressionRecipe.fingerprint(of: folder.path) == first.0)
    try Data([2]).write(to: video)
    #expect(try CompressionRecipe.fingerprint(of: video.path) != first.1)
    try Data([2]).write(to: folder.appendingPathComponent("b.jpg"))
    #expect(try CompressionRecipe.fingerprint(of: folder.path) != first.0)
    let error = #expect(throws: PipelineError.self) { try CompressionRecipe.fingerprint(of: folder.path + "/none") }
    #expect(error?.exit == .noInput)
  }

  @Test("given what is asked for, when planned, then the steps, who decides and the new model's name follow")
  func plans() throws {
    func plan(
      name: String? = nil, steps: String? = nil, target: String? = nil, memory: Int? = nil, drop: Double? = nil
    ) throws -> CompressionPlan {
      try CompressionPlan(
        float: "m", name: name, steps: steps, target: target, memoryMB: memory, maximumDrop: drop)
    }
    let usual = try plan()
    #expect(usual.steps.map(\.text) == ["fusion", "int8"])
    #expect(usual.name == "m-int8")
    #expect(!usual.rule.decides && usual.decision.isEmpty)
    #expect(usual.source == "default")
    #expect(try plan(steps: "fusion,rectangular=1.78").name == "m-fusion-rectangular")
    #expect(try plan(steps: "int8,float16").name == "m-int8")
    // Which steps stay is not known before they are measured.
    let measured = try plan(steps: "fusion,int8", drop: 2)
    #expect(measured.name == "m-compressed")
    #expect(measured.rule.decides && measured.rule.limits.precision == 2)
    let device = try plan(target: "raspberry-pi-4b", memory: 512)
    #expect(device.name == "m-raspberry-pi-4b" && device.rule.decides)
    #expect(device.steps.map(\.text) == CompressionSteps.plan(CompressionAdvice(memoryMB: 512)).map(\.text))
    // Steps by hand are taken, for a device as well.
    let byHand = try plan(name: "n", steps: "int8", target: "raspberry-pi-4b")
    #expect(byHand.name == "n" && !byHand.rule.decides)
    #expect(byHand.source == "as given with --steps")
  }

  @Test("given a device, when a model needs more than it may take there, then it is refused and the sizes are named")
  func fit() throws {
    let target = try CompressionTarget("raspberry-pi-4b", memoryMB: 1000)
    let limit = Double(target.advice.modelLimitMB)
    #expect(target.refusal(neededMB: limit) == nil)
    let error = target.refusal(neededMB: limit + 1)
    #expect(error?.exit == .dataError)
    #expect(
      error?.message.contains("the model needs \(Int(limit) + 1) MB, more than the limit of \(Int(limit)) MB") == true)
  }
}
