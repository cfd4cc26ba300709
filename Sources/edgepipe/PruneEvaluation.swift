import Detectors
import Foundation
import Measure
import ModelTools
import Pipeline
import Stages

/// COCO's AP of models that are installed nowhere.
struct PruneEvaluation {
  private let dataset: COCODataset
  private let coco: String
  private let images: URL
  private let library: String?
  private let line: ProgressLine
  private let interruption: CompressInterruption

  init(
    coco: String, images: String, library: String?, line: ProgressLine, interruption: CompressInterruption
  ) throws {
    dataset = try COCODataset(contentsOf: URL(fileURLWithPath: coco))
    self.coco = coco
    self.images = URL(fileURLWithPath: images)
    self.library = library
    self.line = line
    self.interruption = interruption
  }

  /// - Parameter manifest: says how the model is run; its hash is filled in.
  func accuracy(of model: OnnxModel, _ manifest: ModelManifest) throws -> Double? {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-prune-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = ModelStore(folder: folder)
    let made = try store.install(manifest) { try model.write(to: $0) }
    return try accuracy(of: store.folder(of: made.name).appendingPathComponent("manifest.json").path, resolver: store)
  }

  /// - Parameter reference: a model's name or path.
  func accuracy(of reference: String, resolver: ModelStore) throws -> Double? {
    let detector = try DetectorModel(reference, resolver: resolver)
    let classes = try COCOClassMap(
      classes: detector.classes, model: detector.name, dataset: dataset, file: coco, wanted: nil)
    var services = EngineServices.standard(library: library)
    services.provide(resolver, as: (any ModelResolver).self)
    line.start("evaluating")
    let run = try DatasetRun(
      dataset, images: images, file: coco, model: detector, classes: classes,
      settings: .init(for: detector, workers: min(MachineInfo.current.cores, DetectYOLO.maximumWorkers)), services: services,
      logger: Log.logger(level: .warning), progress: { line.show($0) })
    interruption.watch { run.abandon() }
    defer { interruption.watch(nil) }
    let found = try run.run().predictions
    return COCOMatches(dataset.keeping(categories: classes.evaluated), found).evaluation().overall[.ap]
  }
}
