import ArgumentParser
import EdgepipeCore
import Foundation
import Measure

/// Which steps are taken, and what decides about them.
struct CompressPlanOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Plans for this device: a power profile's name (docs/power.md) or this-machine. A step that loses too much \
      accuracy or gains nothing is left out, and a model that does not fit is installed only with --force.
      """,
      valueName: "device"))
  var target: String?

  @Option(help: ArgumentHelp("The device's memory (default: the usual amount).", valueName: "MB")) var memory: Int?

  @Option(help: ArgumentHelp("Applies these steps in this order, such as fusion,int8.", valueName: "names"))
  var steps: String?

  @Option(
    help: ArgumentHelp(
      """
      Leaves out a step that takes the model more than this below the float model, in points of AP, or of F1 without \
      ground truth (default: 1 of AP, 25 of F1).
      """,
      valueName: "points"))
  var maxDrop: Double?

  func validate() throws {
    guard (8...1_048_576).contains(memory ?? 8) else { throw ValidationError("--memory must be 8 to 1048576 MB.") }
    guard memory == nil || target != nil else { throw ValidationError("--memory needs --target.") }
    guard (0...100).contains(maxDrop ?? 0) else { throw ValidationError("--max-drop must be 0 to 100 points.") }
  }

  func plan(float: String, name: String?) throws -> CompressionPlan {
    try CompressionPlan(
      float: float, name: name, steps: steps, target: target, memoryMB: memory, maximumDrop: maxDrop)
  }
}

/// The annotated pictures that accuracy is measured on.
struct CompressTruthOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Measures average precision with these annotations, in COCO format.", valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String?

  @Option(help: ArgumentHelp("The folder of the annotated pictures.", valueName: "folder"), completion: .directory)
  var images: String?

  func validate() throws {
    guard (coco == nil) == (images == nil) else { throw ValidationError("--coco and --images must be given together.") }
  }

  /// Whether the annotated pictures are those of the calibration, so that some have to be kept apart.
  func sharesPictures(with calibration: String) -> Bool {
    func place(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
    return images.map { place($0) == place(calibration) } ?? false
  }

  /// The annotations of the pictures that are evaluated.
  func dataset(calibration: String) throws -> COCODataset? {
    guard let coco else { return nil }
    let whole = try COCODataset(contentsOf: URL(fileURLWithPath: coco))
    guard sharesPictures(with: calibration) else { return whole }
    let kept = HeldOutPictures.of(whole)
    guard !kept.pictures.isEmpty else {
      throw PipelineError(
        "all \(whole.pictures.count) pictures of '\(coco)' are reserved for the calibration",
        remedy: "calibrate on another folder, or evaluate on more pictures", code: .mismatch)
    }
    return kept
  }
}
