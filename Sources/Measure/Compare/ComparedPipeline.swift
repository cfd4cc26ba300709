package import Detectors
import EdgepipeCore
package import Pipeline
import Stages

/// What a comparison and a search ask of a pipeline, and what they change in it.
extension PipelineConfig {
  /// The stages whose model can be chosen.
  package var detectors: [StageSettings] { stages.filter(\.schema.hasModel) }

  /// The overrides that replace every sink by one that writes nothing.
  package var withoutSinks: [String] {
    stages.filter { $0.role == .sink }.flatMap { ["\($0.id).type=\(NullSink.type)", "\($0.id).config={}"] }
  }

  /// The overrides that end each stream after so many frames.
  package func limited(toFrames frames: Int) -> [String] {
    stages.compactMap { stage in
      stage.option(.frameLimit).map { option in
        "\(stage.id).\(option.name)=\(min(frames, stage.config[option.name]?.integer ?? frames))"
      }
    }
  }

  /// For each detector the limit that a score must exceed.
  package var scores: [String: Double] {
    var scores: [String: Double] = [:]
    for stage in detectors {
      let standard = stage.option(.score)?.defaultJSON.flatMap { Double($0) }
      scores[stage.id] = stage.value(.score)?.number ?? standard
    }
    return scores
  }

  /// The names of all that the detectors may find.
  package func classes(in store: ModelStore) throws -> Set<String> {
    try detectors.reduce(into: []) { classes, stage in
      if let wanted = stage.value(.classes)?.elements?.compactMap(\.string) {
        classes.formUnion(ClassName.spellings(wanted))
      } else if let model = stage.modelName {
        classes.formUnion(try DetectorModel(model, resolver: store).classes)
      }
    }
  }
}

extension Sameness.Subject {
  /// What decides about the runs of a pipeline.
  package init(name: String, _ config: PipelineConfig, store: ModelStore) throws {
    var models: [String: Model] = [:]
    for stage in config.detectors {
      guard let reference = stage.modelName else { continue }
      let model = try store.resolve(reference)
      models[stage.id] = Model(reference: reference, sha256: model.sha256, manifest: model.manifest)
    }
    let stages = config.stages.map { stage in
      let options = stage.role == .sink ? [] : stage.config.members ?? []
      let words = options.filter { models[stage.id] == nil || $0.key != "model" }.map { member in
        "\(member.key)=\(String(decoding: member.value.data, as: UTF8.self))"
      }
      let queue = "\(stage.queue.capacity.map(String.init) ?? "-") \(stage.queue.overflow?.rawValue ?? "-")"
      return
        ([stage.id, stage.role == .sink ? "sink" : stage.type, "\(stage.after)", "\(stage.workers)", queue]
        + words.sorted()).joined(separator: " ")
    }
    self.init(name: name, stages: stages, models: models)
  }
}

extension StageSettings {
  /// The model that a detector names.
  package var modelName: String? { (value(.objectModel) ?? value(.faceModel))?.string }
}

extension ObjectSchema {
  /// Whether it is that of a detector, whose model, input, workers, threads and interval can be chosen.
  var hasModel: Bool { properties.contains { $0.meaning == .objectModel || $0.meaning == .faceModel } }
}
