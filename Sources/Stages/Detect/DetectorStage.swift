import Detectors
import Pipeline

/// Which stage runs which model.
public enum DetectorStage {
  /// The type of the stage that runs a model, by the model's head; of a bare .onnx file it is guessed as in a pipeline.
  ///
  /// - Parameter reference: as a pipeline file names it.
  /// - Throws: a ``PipelineError`` for a model that is not there or cannot be read.
  public static func type(for reference: String, resolver: any ModelResolver) throws -> String {
    let file = try ModelFile(resolver.resolve(reference), shape: .auto)
    return file.manifest.head.findsFaces ? DetectFace.type : DetectYOLO.type
  }
}
