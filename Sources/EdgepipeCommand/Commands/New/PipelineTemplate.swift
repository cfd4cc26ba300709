import EdgepipeCore
import Foundation
import Pipeline

/// A ready pipeline, from which a new one starts: the files of `pipelines/`, which are in the program.
struct PipelineTemplate {
  let name: String
  let summary: String
  let text: String

  static let all: [PipelineTemplate] = [
    .init(
      "cameras", "one live camera with a deadline: people, cars and bicycles, tracked", PackageResources.cameras_json),
    .init("faces-only", "faces with landmarks", PackageResources.faces_only_json),
    .init("objects-only", "objects of 80 classes, without tracking", PackageResources.objects_only_json),
    .init(
      "private", "people and faces, with a video that shows neither faces nor heads", PackageResources.private_json),
    .init("smart-camera", "objects and faces, tracked, with an annotated video", PackageResources.smart_camera_json),
    .init(
      "smart-camera-nano", "the same with smaller and more accurate models", PackageResources.smart_camera_nano_json),
    .init("two-streams", "people in two streams, tracked in each", PackageResources.two_streams_json),
    .init("zones", "people who enter, stay in and cross areas and lines", PackageResources.zones_json),
  ]

  private init(_ name: String, _ summary: String, _ bytes: [UInt8]) {
    self.name = name
    self.summary = summary
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// The clips of `samples/` that stand for cameras, in the order of the file.
  private var samples: [Range<String.Index>] {
    var found: [Range<String.Index>] = [], start = text.startIndex
    while let range = text.range(of: "\"samples/[^\"]*\"", options: .regularExpression, range: start..<text.endIndex) {
      found.append(range)
      start = range.upperBound
    }
    return found
  }

  var sourceCount: Int { samples.count }

  /// The pipeline with other inputs. A source without one takes it from the environment.
  ///
  /// - Parameters:
  ///   - cameras: addresses or paths, at most ``sourceCount``.
  ///   - isInstalled: whether a model is in the store.
  func pipeline(cameras: [String], isInstalled: (String) -> Bool) -> String {
    var result = "", copied = text.startIndex
    for (index, range) in samples.enumerated() {
      let input = index < cameras.count ? cameras[index] : "${\(Self.variable(index))}"
      result += text[copied..<range.lowerBound] + ReportValue.string(input).line
      copied = range.upperBound
    }
    result += text[copied...]
    // A camera has its own speed.
    result = result.replacingOccurrences(of: ", \"realtime\": true", with: "")
    for model in Set(models) {
      result = result.replacingOccurrences(of: "\"\(model)\"", with: "\"\(Self.usable(model, isInstalled))\"")
    }
    return result
  }

  /// An INT8 model is made on each machine: where it is not, the model that it would be made from.
  private static func usable(_ model: String, _ isInstalled: (String) -> Bool) -> String {
    model.hasSuffix("-int8") && !isInstalled(model) ? String(model.dropLast("-int8".count)) : model
  }

  /// The models that are to be fetched first, sorted.
  func missingModels(isInstalled: (String) -> Bool) -> [String] {
    Set(models.map { Self.usable($0, isInstalled) }).filter { !isInstalled($0) }.sorted()
  }

  static func variable(_ index: Int) -> String { index == 0 ? "CAMERA_URL" : "CAMERA_\(index + 1)_URL" }

  /// The names of the models that the pipeline runs.
  private var models: [String] {
    var names: [String] = [], start = text.startIndex
    while let range = text.range(of: "\"model\": \"[^\"]*\"", options: .regularExpression, range: start..<text.endIndex)
    {
      names.append(String(text[range].dropFirst("\"model\": \"".count).dropLast()))
      start = range.upperBound
    }
    return names
  }
}
