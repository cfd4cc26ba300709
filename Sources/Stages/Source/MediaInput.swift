import EdgepipeCore
import Glibc

/// What the `url` of a source names.
enum MediaInput: Sendable, Hashable {
  case file(BytePath)
  case pictures(PictureList)
  case videos(VideoList)
  /// A named pipe, or standard input where there is no path.
  case pipe(BytePath?)
  case camera(path: String)
  case network(url: String, scheme: String)

  private static let liveSchemes: Set<String> = ["rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "srt"]
  /// Of an address over HTTP or the like that looks like a file.
  private static let fileEndings: Set<String> = ["mp4", "mov", "mkv", "webm", "avi", "mpg", "mp3"]
  /// What carries files and streams alike.
  private static let openSchemes: Set<String> = ["http", "https", "ftp", "sftp", "smb"]

  /// The endings of pictures, in lower case.
  static var pictureExtensions: Set<String> { PictureKinds.endings }

  /// The scheme of a network address in lower case, or nil for a path of this machine.
  static func scheme(of url: String) -> String? {
    guard let range = url.range(of: "://") else { return nil }
    let scheme = url[..<range.lowerBound].lowercased()
    let isName =
      !scheme.isEmpty && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return isName && scheme != "file" ? scheme : nil
  }

  /// What an address looks like before it is opened: cameras and streams are live; files and pipes are not, also when
  /// they come over HTTP.
  static func looksLive(_ url: String) -> Bool {
    guard let scheme = scheme(of: url) else { return isCamera(url) }
    if liveSchemes.contains(scheme) { return true }
    let path = BytePath(String(url.prefix { $0 != "?" && $0 != "#" }))
    return path.ending.map { !fileEndings.contains($0) && !PictureKinds.endings.contains($0) } ?? true
  }

  /// Whether only opening the address shows whether it is live.
  static func mayBeEither(scheme: String) -> Bool { openSchemes.contains(scheme) }

  static func isCamera(_ url: String) -> Bool {
    let path = path(of: url)
    return path.hasPrefix("/dev/video") || path.hasPrefix("/dev/v4l/")
  }

  /// Looks at what is there without opening it.
  ///
  /// - Throws: ``PipelineError`` with `endStream`: `notFound` when nothing is there, `malformed` when it is no input.
  static func find(_ url: String) throws(PipelineError) -> MediaInput {
    if let scheme = scheme(of: url) { return .network(url: url, scheme: scheme) }
    if isStandardInput(url) { return try standardInput() }
    let path = bytePath(of: url)
    if FileStatus.isMissing(path), let found = try FilePattern.find(path) { return found }
    return try find(path)
  }

  /// As `find(url)`, for a path that is no pattern.
  static func find(_ path: BytePath) throws(PipelineError) -> MediaInput {
    let status = try FileStatus(path)
    guard FileStatus.isReadable(path) else { throw FileStatus.failure(path, EACCES) }
    switch status.kind {
    case .file where status.size == 0: throw isEmpty(path.text)
    case .file: return .file(path)
    case .folder: return .pictures(try PictureList(folder: path))
    case .pipe: return .pipe(path)
    case .characterDevice where isCamera(path.text): return .camera(path: path.text)
    case .characterDevice, .other:
      throw PipelineError(
        "'\(path.text)' is not a file, a folder, a pipe or a camera",
        remedy: "give a video file, a folder of pictures, a /dev/videoN device or a stream's address",
        consequence: .endStream, code: .unsupported)
    }
  }

  static func isEmpty(_ name: String) -> PipelineError {
    PipelineError(
      "'\(name)' is empty", remedy: "give a video or picture file", consequence: .endStream, code: .malformed)
  }

  /// A path of this machine as text, without `file:`.
  static func path(of url: String) -> String { FileURL.path(of: url)?.text ?? url }

  /// The path that a text of this machine names, as far as it is there.
  private static func bytePath(of url: String) -> BytePath {
    guard let path = FileURL.path(of: url) else { return BytePath(url) }
    guard let literal = FileURL.literalPath(of: url), literal != path else { return path }
    return !FileStatus.exists(path) && FileStatus.exists(literal) ? literal : path
  }

  // MARK: - Standard input

  static func isStandardInput(_ url: String) -> Bool {
    StandardDescriptors.isInput(url) || url == "pipe:" || url == "pipe:0"
  }

  private static func standardInput() throws(PipelineError) -> MediaInput {
    let status = FileStatus(descriptor: STDIN_FILENO)
    if status == nil || isatty(STDIN_FILENO) == 1 {
      throw PipelineError(
        "standard input is \(status == nil ? "closed" : "a terminal")",
        remedy: "pipe a video to it, as in `ffmpeg -i IN -c copy -f mpegts - | edgepipe run FILE --source -`",
        consequence: .endStream, code: .notFound)
    }
    // A file that was redirected can be searched, which some formats need.
    if status?.kind == .file { return try find(BytePath("/dev/stdin")) }
    return .pipe(nil)
  }
}

extension FFmpegSource {
  package static func readsStandardInput(_ url: String) -> Bool { MediaInput.isStandardInput(url) }

  /// Whether this `url` is a picture or a folder of them, as far as it can be told without opening it.
  package static func readsPictures(_ url: String) -> Bool {
    switch try? MediaInput.find(url) {
    case .pictures: true
    case .file(let path): path.ending.map(PictureKinds.endings.contains) ?? false
    case .videos, .pipe, .camera, .network, nil: false
    }
  }

  /// Whether this `url` is a pipe, whose frames come only once.
  package static func readsPipe(_ url: String) -> Bool {
    if MediaInput.isStandardInput(url) { return true }
    return if case .pipe? = try? MediaInput.find(url) { true } else { false }
  }
}
