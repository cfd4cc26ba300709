import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

/// Looks for faces in pictures that have come out of runs, in all of them at once.
final class FaceSearch {
  struct Tally {
    var pictures = 0
    /// Those with a face where one may be.
    var withFaces = 0
    /// The files with faces, with what was found there, for a message.
    var files: [String] = []
  }

  private let space: Workspace
  private var outputs: [String: Int] = [:]
  /// Pictures that show nothing but what was found: a face may be anywhere in them.
  private var closeUps: Set<String> = []

  init() throws {
    space = try Workspace()
    try FileManager.default.createDirectory(atPath: space.path("pictures"), withIntermediateDirectories: true)
  }

  private func number(of output: String, more: Int = 1) -> Int {
    let number = outputs[output] ?? 0
    outputs[output] = number + more
    return number
  }

  /// - Parameters:
  ///   - output: where it comes from: letters alone.
  ///   - isCloseUp: it is a part of a picture, around a box.
  func add(_ picture: Data, of output: String, isCloseUp: Bool = false) throws {
    if isCloseUp { closeUps.insert(output) }
    let kind = picture.starts(with: [0x89]) ? "png" : "jpg"
    let name = "\(output)-\(number(of: output)).\(kind)"
    try picture.write(to: URL(fileURLWithPath: space.path("pictures/\(name)")))
  }

  /// A picture in base64, in a result.
  func add(in result: [String: Any], of output: String) throws {
    guard let picture = result["picture"] as? [String: Any], let text = picture["data"] as? String else { return }
    try add(#require(Data(base64Encoded: text)), of: output)
  }

  /// Every `step`-th frame of a film, or of numbered pictures (`%d.ppm`).
  func add(film path: String, of output: String, every step: Int = 1) throws {
    let before = try files().count
    try FFmpeg.make([
      "-i", path, "-vf", "select=not(mod(n\\,\(step)))", "-fps_mode", "passthrough", "-q:v", "2", "-start_number",
      "\(outputs[output] ?? 0)", space.path("pictures/\(output)-%d.jpg"),
    ])
    _ = number(of: output, more: try files().count - before)
  }

  /// All pictures of a folder.
  func add(folder: String, of output: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    where name.hasSuffix(".jpg") || name.hasSuffix(".png") {
      try add(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")), of: output)
    }
  }

  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: space.path("pictures"))
  }

  /// What a face model finds, by output.
  ///
  /// - Parameter places: where faces are in the film, in its pixels. A find counts where its middle lies in one, or it
  ///   covers one by 0.3.
  func finish(_ places: [Box]) throws -> [String: Tally] {
    let file = try space.pipeline(
      #"""
      { "id": "pictures", "type": "source.ffmpeg", "config": { "url": "pictures" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["pictures"] },
      { "id": "faces", "type": "detect.face", "after": ["scale"], "config": { "model": "centerface", "score": 0.3 } },
      { "id": "out", "type": "sink.jsonl", "after": ["faces"], "config": { "path": "found.jsonl" } }
      """#)
    let run = try Command.run(["run", file, "--quiet"], in: space.folder)
    try #require(run.status == 0, "\(run.errors)")
    var tallies: [String: Tally] = [:]
    for line in try space.lines("found.jsonl") where line["type"] as? String == "frame" {
      let name = try #require(line["source"] as? String), width = try #require(line["width"] as? Int)
      let output = String(name.prefix { $0 != "-" }), scale = Float(FaceFilm.width) / Float(width)
      let finds = try (line["detections"] as? [[String: Any]] ?? []).map { try box($0["box"], scale) }
      let isFound = finds.contains { find in
        closeUps.contains(output) || places.contains { $0.holdsMiddle(of: find) || $0.iou(find) >= 0.3 }
      }
      tallies[output, default: Tally()].pictures += 1
      if isFound {
        tallies[output, default: Tally()].withFaces += 1
        tallies[output, default: Tally()].files.append("\(name): \(line["detections"] ?? "")")
      }
    }
    #expect(tallies.mapValues(\.pictures) == outputs.filter { $0.value > 0 }, "every picture was looked at")
    return tallies
  }

  private func box(_ value: Any?, _ scale: Float) throws -> Box {
    let box = try #require(value as? [String: Double])
    func side(_ key: String) throws -> Float { Float(try #require(box[key])) * scale }
    return Box(x: try side("x"), y: try side("y"), width: try side("width"), height: try side("height"))
  }
}

extension Box {
  fileprivate func holdsMiddle(of other: Box) -> Bool {
    let x = other.x + other.width / 2, y = other.y + other.height / 2
    return x >= self.x && x <= maxX && y >= self.y && y <= maxY
  }
}
