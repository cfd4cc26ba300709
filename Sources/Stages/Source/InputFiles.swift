import EdgepipeCore

extension FFmpegSource {
  /// What a stream reads of this machine's files; none for addresses. A pattern stands for what it finds now, as it does
  /// when the run starts.
  static func files(_ url: String, stream: String) -> [FileUse] {
    let role = "the input of stream '\(stream)'"
    guard MediaInput.scheme(of: url) == nil else { return [] }
    if MediaInput.isStandardInput(url) { return [.reads("/dev/stdin", as: role)] }
    let path = MediaInput.path(of: url)
    if FileStatus.isMissing(BytePath(path)) {
      switch try? FilePattern.find(BytePath(path)) {
      case .pictures(let list): return list.names.map { .reads(list.folder.appending($0).text, as: role) }
      case .videos(let list): return list.paths.map { .reads($0.text, as: role) }
      case nil, .file, .pipe, .camera, .network: break
      }
    }
    return [.reads(path, as: role, folderEndings: MediaInput.pictureExtensions)]
  }
}
