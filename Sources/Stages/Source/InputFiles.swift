import Foundation
import Pipeline

extension FFmpegSource {
  /// What a stream reads of this machine's files; nil for addresses.
  static func file(_ url: String, stream: String) -> FileUse? {
    let role = "the input of stream '\(stream)'"
    guard MediaInput.scheme(of: url) == nil else { return nil }
    let path = MediaInput.path(of: url)
    if MediaInput.isStandardInput(url) { return .reads("/dev/stdin", as: role) }
    // A pattern such as `img%03d.png` or `*.jpg` stands for files of its folder.
    let name = (path as NSString).lastPathComponent, folder = (path as NSString).deletingLastPathComponent
    if name.contains(where: { "%*?[".contains($0) }), !FileManager.default.fileExists(atPath: path) {
      return .reads(
        folder: folder.isEmpty ? "." : folder, endings: [(name as NSString).pathExtension.lowercased()], as: role)
    }
    return .reads(path, as: role, folderEndings: MediaInput.pictureExtensions)
  }
}
