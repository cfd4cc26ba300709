import EdgepipeCore
import Foundation

/// The pipelines that were made over the HTTP interface: files in the state folder, which later supervisors find.
struct CreatedPipelines: Sendable {
  private let folder: String

  /// - Throws: ``PipelineError`` when the folder cannot be made.
  init(state: String) throws(PipelineError) {
    folder = state + "/created"
    try OutputPath.makeFolder(folder)
  }

  func file(_ name: String) -> String { "\(folder)/\(name).json" }

  func contains(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }
      .filter { (try? ServicePlan.check($0)) != nil }.sorted()
  }

  /// - Parameter starts: with the service; one that does not has a file beside it that says so.
  func write(_ text: String, as name: String, starts: Bool) throws {
    if !starts { try WholeFile.write(to: mark(name), rights: WholeFile.ownerAlone) { try $0("") } }
    // It may hold the password of a camera.
    try WholeFile.write(to: file(name), rights: WholeFile.ownerAlone) { try $0(text) }
  }

  func starts(_ name: String) -> Bool { !FileManager.default.fileExists(atPath: mark(name)) }

  func remove(_ name: String) {
    for path in [file(name), mark(name)] { try? FileManager.default.removeItem(atPath: path) }
  }

  private func mark(_ name: String) -> String { "\(folder)/\(name).manual" }
}
