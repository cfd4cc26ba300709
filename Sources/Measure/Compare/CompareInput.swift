import EdgepipeCore
import Foundation
import Pipeline

/// What one argument of a comparison names.
package enum CompareInput: Sendable, Equatable {
  /// A pipeline file.
  case pipeline(String)
  /// A model, as a pipeline file would name it.
  case model(String)

  /// A JSON file with stages is a pipeline; another one is a model's manifest, and everything else a model. A JSON file
  /// that cannot be read as such is taken for a pipeline, whose reader names the mistake's place.
  ///
  /// - Throws: ``PipelineError`` `notFound` for a file that is not there.
  package init(_ argument: String) throws {
    // Models have names and files of their own; what comes through a pipe is a pipeline.
    if PipelineConfig.isPiped(argument) {
      self = .pipeline(argument)
      return
    }
    let isFile = argument.contains("/") || argument.hasSuffix(".onnx") || argument.hasSuffix(".json")
    guard !isFile || FileManager.default.fileExists(atPath: argument) else {
      throw PipelineError(
        "'\(argument)' does not exist",
        remedy: "give a pipeline file, a model file or a model from `edgepipe models list`", code: .notFound)
    }
    guard argument.hasSuffix(".json"), let data = FileManager.default.contents(atPath: argument) else {
      self = .model(argument)
      return
    }
    let object = try? JSONSerialization.jsonObject(with: data)
    guard let members = object as? [String: Any] else {
      self = .pipeline(argument)
      return
    }
    self = members["stages"] == nil && members["head"] != nil ? .model(argument) : .pipeline(argument)
  }
}
