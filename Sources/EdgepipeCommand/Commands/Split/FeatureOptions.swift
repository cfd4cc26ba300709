import ArgumentParser
import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation
import Measure
import Stages

/// How the tensors of a cut become messages, and on what that is measured.
struct FeatureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Bits of a value that goes across, 2 to 8; several with commas between them for --measure "
        + "(default there: 2,3,4,5,6,8).", valueName: "n"))
  var bits: String?

  @Option(
    help: ArgumentHelp("A folder of pictures, or a video, to find the channels' ranges on.", valueName: "folder|video"),
    completion: .file())
  var calibration: String?

  @Option(help: ArgumentHelp("Number of calibration pictures, drawn evenly from all of them.", valueName: "n"))
  var pictures = 32

  @Option(
    help: "How the range of a channel is found: \(FeatureRange.allCases.map(\.rawValue).joined(separator: ", ")).")
  var range = FeatureRange.percentile

  @Option(
    help: ArgumentHelp(
      "Also writes a model repository for Triton into this folder: its Python model unpacks the messages and runs the "
        + "last part.", valueName: "folder"), completion: .directory)
  var triton: String?

  @Option(
    help: ArgumentHelp("Annotations for --measure, in COCO format.", valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String?

  @Option(help: ArgumentHelp("The folder of the annotated pictures.", valueName: "folder"), completion: .directory)
  var images: String?

  /// The numbers of `--bits`.
  var allBits: [Int]? { bits?.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? 0 } }

  func check(measures: Bool, cuts: Int) throws {
    guard allBits?.allSatisfy(FeatureTable.bitRange.contains) ?? true else {
      throw ValidationError("--bits takes numbers from 2 to 8.")
    }
    guard (1...4096).contains(pictures) else { throw ValidationError("--pictures must be 1 to 4096.") }
    if measures {
      guard coco != nil, images != nil else { throw ValidationError("--measure needs --coco and --images.") }
      guard triton == nil else { throw ValidationError("--triton does not go with --measure.") }
    } else {
      guard coco == nil, images == nil else { throw ValidationError("--coco and --images go with --measure.") }
      guard bits == nil || cuts == 1 && allBits?.count == 1 && calibration != nil else {
        throw ValidationError("--bits takes one number, one --at, and pictures with --calibration.")
      }
      guard bits != nil || triton == nil && calibration == nil else {
        throw ValidationError("--triton and --calibration need --bits.")
      }
    }
  }

  /// The table of one cut, found on the calibration pictures; nil without `--bits`.
  func table(
    _ split: GraphSplit, _ models: [OnnxModel], _ resolved: ResolvedModel, _ engine: ONNXRuntimeEngine
  ) throws -> FeatureTable? {
    guard let bits = allBits?.first, let calibration else { return nil }
    let manifest = try ModelFile(resolved, shape: .auto).manifest
    let line = ProgressLine()
    defer { line.end() }
    line.start("reading \(URL(fileURLWithPath: calibration).lastPathComponent)")
    let run = try CalibrationRun(
      calibration, for: manifest, count: pictures, others: 0, seed: 1, logger: Log.logger(level: .warning)
    ) { line.show($0) }
    let inputs = try run.run().drawn
    line.start("looking at features")
    return try SplitCalibration(split, models, manifest: manifest, engine: engine).run(inputs) {
      line.show($0, of: $1)
    }.table(bits: bits, range: range)
  }
}

extension FeatureRange: ExpressibleByArgument {}
