import Detectors
import EdgepipeCore
import Pipeline

/// What is wrong with the file of a model, and how that is told.
struct ModelDamage: Sendable, Hashable {
  let text: String
  /// False for a file that somebody may have put there: it opens, and no manifest says otherwise.
  let isCertain: Bool

  /// Nil where the file is the one that was opened, or has been replaced with its manifest.
  init?(_ model: ResolvedModel, _ resolver: any ModelResolver) {
    let hash: String
    do { hash = try FileHash.sha256(of: model.file) } catch {
      (text, isCertain) = ("it cannot be read", true)
      return
    }
    if hash == model.sha256 { return nil }
    let found = try? resolver.resolve(model.reference)
    if model.manifest != nil, found?.sha256 == hash { return nil }
    text = "it has the sha256 \(hash.prefix(12))..., not \(model.sha256.prefix(12))... as when it was opened"
    isCertain = model.manifest != nil || found.flatMap { try? ModelFile($0, shape: .auto) } == nil
  }

  func told(_ model: ResolvedModel, stage: String, since: WallTime) -> FaultChange {
    FaultChange(
      ModelFileWatch.fault, stage: stage, since: since, figures: [],
      message: "the file of the model '\(model.reference)' is damaged: \(text)")
  }

  /// Puts a file right that was found damaged when it was to be opened.
  ///
  /// - Throws: `error` where that is not possible.
  static func mend(
    _ reference: String, _ error: PipelineError, _ resolver: any ModelResolver, _ context: StageContext
  ) throws -> ResolvedModel {
    let since = context.clock.wallTime()
    context.announce(
      FaultChange(ModelFileWatch.fault, stage: context.id, since: since, figures: [], message: error.message))
    let source: String
    do { source = try resolver.restore(reference, sha256: nil) } catch let other {
      context.logger.warning("\(other)")
      throw error
    }
    let model = try resolver.resolve(reference)
    context.announce(
      mended(
        model, stage: context.id, since: since, now: context.clock.wallTime(), how: "it was put right from \(source)"))
    return model
  }

  static func mended(
    _ model: ResolvedModel, stage: String, since: WallTime, now: WallTime, how: String
  ) -> FaultChange {
    FaultChange(
      ModelFileWatch.fault, stage: stage, since: since,
      over: max(0, Double(now.nanoseconds - since.nanoseconds) / 1e9), figures: [],
      message: "the file of the model '\(model.reference)' is sound: \(how)")
  }
}
