/// What FFmpeg is to open.
enum MediaAddress {
  case url(String)
  case file(BytePath)
  case pipe(PipeInput)

  /// Lends the text that FFmpeg opens; that of a file keeps its bytes, whatever they are.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    switch self {
    case .url(let url): unsafe url.withCString { unsafe body($0) }
    case .file(let path): unsafe BytePath(bytes: Array("file:".utf8) + path.bytes).withCString { unsafe body($0) }
    // A name has an ending that could be taken for a format.
    case .pipe: unsafe "pipe:".withCString { unsafe body($0) }
    }
  }
}
