import EdgepipeCore
import Foundation
import Stages
import Synchronization

/// The pictures of a dataset as a folder that a pipeline's source reads: a temporary one of links, named so that the
/// pictures come in the dataset's order and no others with them.
final class PictureLinks: Sendable {
  let folder: URL
  private let removal = Mutex(())

  /// - Parameter images: the folder in which the dataset's file names are looked for.
  /// - Throws: ``PipelineError``: `notFound` for pictures that are not there, `malformed` for names that lead elsewhere
  ///   or are no pictures'.
  init(_ dataset: COCODataset, images: URL, file: String) throws {
    let pictures = try dataset.pictures.map { try Self.find($0, in: images, file: file) }
    let missing = zip(dataset.pictures, pictures).filter { !FileManager.default.fileExists(atPath: $1.path) }
    if let first = missing.first {
      let count = "\(missing.count) of the \(pictures.count)"
      throw PipelineError(
        "\(count) pictures of '\(file)' are not in '\(images.path)', such as '\(first.0.fileName)'",
        remedy: "give the folder that holds them with --images", code: .notFound)
    }
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-eval-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (index, picture) in pictures.enumerated() {
        try FileManager.default.createSymbolicLink(
          at: folder.appendingPathComponent("\(index).\(picture.pathExtension)"), withDestinationURL: picture)
      }
    } catch {
      // An object whose `init` fails has no `deinit`.
      try? FileManager.default.removeItem(at: folder)
      throw PipelineError(
        "cannot create links to the pictures in '\(folder.path)': \(error.localizedDescription)",
        remedy: "set TMPDIR to a writable folder", code: .writeFailed)
    }
  }

  deinit { remove() }

  /// Takes the folder away; no picture can be read afterwards. One call at a time: a run that ends just when a signal
  /// takes its links away would stop the other's work halfway.
  func remove() { removal.withLock { _ in try? FileManager.default.removeItem(at: folder) } }

  /// The index of the picture whose frame came from `source`.
  func index(of source: String) -> Int? { Int(source.prefix { $0 != "." }) }

  private static func find(_ picture: COCODataset.Picture, in images: URL, file: String) throws -> URL {
    let name = picture.fileName
    // The file may come from anywhere; it decides on nothing outside of the folder.
    guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."), !name.contains("\0") else {
      throw PipelineError(
        "'\(file)' has the picture '\(name)', which is outside of the folder",
        remedy: "use names relative to the folder", code: .malformed)
    }
    let path = images.appendingPathComponent(name)
    guard FFmpegSource.pictureExtensions.contains(path.pathExtension.lowercased()) else {
      let known = FFmpegSource.pictureExtensions.sorted().joined(separator: ", ")
      throw PipelineError(
        "'\(file)' has the picture '\(name)', whose extension is not one of \(known)",
        remedy: "convert the picture", code: .unsupported)
    }
    return path.absoluteURL
  }
}
