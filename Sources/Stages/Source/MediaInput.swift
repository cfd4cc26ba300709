import Foundation
import Pipeline

/// What the `url` of a source names.
enum MediaInput: Sendable, Hashable {
  case file(path: String)
  /// The readable pictures of a folder, by name.
  case pictureFolder(path: String, names: [String])
  case camera(path: String)
  case network(url: String, scheme: String)

  /// What FFmpeg reads as single pictures.
  static let pictureExtensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff"]

  private static let liveSchemes: Set<String> = ["rtsp", "rtsps", "rtmp", "rtmps", "rtp", "udp", "srt"]
  private static let fileExtensions: Set<String> = ["mp4", "mov", "mkv", "webm", "avi", "mpg", "mp3"]

  /// The scheme of a network address in lower case, or nil for a path of this machine.
  static func scheme(of url: String) -> String? {
    guard let range = url.range(of: "://") else { return nil }
    let scheme = url[..<range.lowerBound].lowercased()
    let isName = !scheme.isEmpty && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    return isName && scheme != "file" ? scheme : nil
  }

  /// A path of this machine, without `file:`.
  static func path(of url: String) -> String {
    for prefix in ["file://", "file:"] where url.hasPrefix(prefix) { return String(url.dropFirst(prefix.count)) }
    return url
  }

  /// Known from the address alone: cameras and streams are live; files are not, also when they come over HTTP.
  static func isLive(_ url: String) -> Bool {
    guard let scheme = scheme(of: url) else { return isCamera(path(of: url)) }
    if liveSchemes.contains(scheme) { return true }
    let path = url.prefix { $0 != "?" && $0 != "#" }
    let ending = (String(path) as NSString).pathExtension.lowercased()
    return !fileExtensions.contains(ending) && !pictureExtensions.contains(ending)
  }

  /// Looks at what is there without opening it, so that a pipe without a writer cannot hang the source.
  ///
  /// - Throws: ``PipelineError`` with `endStream`: `noInput` when nothing is there, `dataError` when it is no input.
  static func find(_ url: String) throws(PipelineError) -> MediaInput {
    if let scheme = scheme(of: url) { return .network(url: url, scheme: scheme) }
    let path = path(of: url)
    let type: FileAttributeType
    do {
      // Links are followed: what they lead to counts.
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let attributes = try FileManager.default.attributesOfItem(atPath: target)
      type = attributes[.type] as? FileAttributeType ?? .typeUnknown
      if type == .typeRegular, (attributes[.size] as? NSNumber)?.int64Value == 0 {
        throw PipelineError(
          "'\(path)' is empty", remedy: "give a video or picture file", consequence: .endStream, exit: .dataError)
      }
    } catch let error as PipelineError {
      throw error
    } catch {
      throw PipelineError(
        "cannot open '\(path)': no such file or folder", remedy: "check the path; it is relative to the working directory",
        consequence: .endStream, exit: .noInput)
    }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw PipelineError(
        "cannot open '\(path)': permission denied", remedy: "give this user the right to read it",
        consequence: .endStream, exit: .noInput)
    }
    switch type {
    case .typeRegular: return .file(path: path)
    case .typeDirectory: return .pictureFolder(path: path, names: try pictures(in: path))
    case .typeCharacterSpecial where isCamera(path): return .camera(path: path)
    default:
      throw PipelineError(
        "'\(path)' is neither a file nor a folder nor a camera",
        remedy: "give a video file, a folder of pictures, a /dev/videoN device or a stream's address",
        consequence: .endStream, exit: .dataError)
    }
  }

  static func isCamera(_ path: String) -> Bool {
    path.hasPrefix("/dev/video") || path.hasPrefix("/dev/v4l/")
  }

  private static func pictures(in folder: String) throws(PipelineError) -> [String] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw PipelineError("cannot list the folder '\(folder)': \(error)", consequence: .endStream, exit: .noInput)
    }
    let pictures = names.filter {
      !$0.hasPrefix(".") && pictureExtensions.contains(($0 as NSString).pathExtension.lowercased())
    }
    guard !pictures.isEmpty else {
      throw PipelineError(
        "the folder '\(folder)' holds no pictures", remedy: "put \(pictureExtensions.sorted().joined(separator: ", ")) files in it",
        consequence: .endStream, exit: .dataError)
    }
    return pictures.sorted { naturallyPrecedes($0, $1) }
  }

  /// Runs of digits compare as numbers: `2.jpg` comes before `10.jpg`.
  static func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
    switch a.compare(b, options: [.numeric], locale: nil) {
    case .orderedAscending: true
    case .orderedDescending: false
    case .orderedSame: a < b
    }
  }
}
