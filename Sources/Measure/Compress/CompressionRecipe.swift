package import EdgepipeCompression
import EdgepipeCore
import Foundation

/// Everything that decides about what a compression gives, so that a model that is there already need not be made
/// again.
package struct CompressionRecipe: Sendable, Hashable {
  private let lines: [String]

  /// - Parameters:
  ///   - source: the float model's sha256.
  ///   - decision: what leaves steps out, in words; empty where nothing does.
  ///   - calibration: ``fingerprint(of:)`` of the calibration pictures.
  ///   - keepsApart: whether some pictures of the folder are reserved for evaluation.
  package init(
    source: String, plan: [StepRequest], decision: String, calibration: String, pictures: Int, seed: UInt64,
    clip: Double?, keepsApart: Bool
  ) {
    lines = [
      "source \(source)",
      "steps " + plan.map { "\($0.text)@\(CompressionSteps.find($0.name)?.version ?? 0)" }.joined(separator: ","),
      "decision \(decision)", "calibration \(calibration) pictures \(pictures) seed \(seed) apart \(keepsApart)",
      "clip \(clip.map(String.init(describing:)) ?? "automatic")",
    ]
  }

  /// In lower-case hexadecimal, for the manifest.
  package var hash: String { FileHash.sha256(of: Data(lines.joined(separator: "\n").utf8)) }

  /// Tells calibration pictures from others: a video by its bytes, a folder by the names and sizes of its files.
  ///
  /// - Throws: ``PipelineError`` (`notFound`) when they are not there.
  package static func fingerprint(of source: String) throws -> String {
    let url = URL(fileURLWithPath: source)
    var isFolder: ObjCBool = false
    // SAFETY: the flag outlives the call.
    guard unsafe FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue else {
      guard FileManager.default.fileExists(atPath: source) else { throw CalibrationRun.missing(source) }
      return try FileHash.sha256(of: url)
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
    let files = names.sorted().map { name -> String in
      let path = url.appendingPathComponent(name).resolvingSymlinksInPath().path
      let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int ?? 0
      return "\(name) \(size)"
    }
    return FileHash.sha256(of: Data(files.joined(separator: "\n").utf8))
  }
}
