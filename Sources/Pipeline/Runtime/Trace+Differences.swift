import EdgepipeCore

extension Trace {
  /// What differs between the engines and models of the recorded run and those of this one, one line each.
  package func differences(from stages: [PipelineRunner.Snapshot.StageFigures]) -> [String] {
    guard let facts, let recorded = JSONParser.value(String(decoding: facts, as: UTF8.self), origin: .override(0))
    else {
      return []
    }
    return stages.flatMap { stage in
      TraceFacts.kept.compactMap { key -> String? in
        guard let then = recorded[stage.id]?[key]?.string else { return nil }
        guard case .string(let now) = stage.facts[key], now != then else { return nil }
        return "\(stage.id): the \(key) was '\(then)' and is now '\(now)'"
      }
    }
  }
}
