import EdgepipeCore
import Pipeline

/// A dataset or a results file of COCO as it grows. Used by one thread.
///
/// JSON wants the images together and the annotations together, and they come mixed: the images wait in a file without a
/// name, which goes away with the process.
final class COCOFile {
  private(set) var counts = COCOCounts()
  private let truth: COCOTruth?
  private let file: PendingFile
  private let images: ScratchFile?
  private var line = JSONLineBuffer()
  /// Labels of a dataset of its own, in the order of their ids, which count from 1.
  private var labels: [String] = []
  private var ids: [String: Int?] = [:]

  /// - Parameters:
  ///   - truth: whose ids are used, in a results file; nil for a dataset.
  ///   - held: the file that is there, where it was opened before.
  init(path: String, truth: COCOTruth?, held: OutputFile?) throws(PipelineError) {
    self.truth = truth
    file = try PendingFile(path: path, held: held)
    images = truth == nil ? try ScratchFile(beside: path) : nil
    try file.write(Array((truth == nil ? "{\"annotations\":[" : "[").utf8))
  }

  func add(_ frame: Frame, _ filter: DetectionFilter) throws(PipelineError) {
    let name = Self.name(of: frame.header)
    let image: Int
    if let truth {
      guard let known = truth.image(name) else {
        counts.unknownImages += 1
        return
      }
      image = known
    } else {
      image = counts.images + 1
    }
    line.removeAll()
    for result in frame.results {
      for detection in result.detections where filter.includes(detection) { add(detection, of: image) }
    }
    try file.write(line.bytes)
    counts.images += 1
    guard let images else { return }
    line.removeAll()
    line.raw(image > 1 ? ",\n" : "\n")
    addImage(image, name, frame.header)
    try images.write(line.bytes)
  }

  /// Puts the file into its place.
  func finish() throws(PipelineError) {
    line.removeAll()
    if let images {
      line.raw("\n],\"images\":[")
      try file.write(line.bytes)
      try images.read { chunk throws(PipelineError) in try file.write(chunk) }
      line.removeAll()
      line.raw("\n],\"categories\":[")
      for (index, label) in labels.enumerated() {
        line.raw(index > 0 ? ",\n{\"id\":" : "\n{\"id\":")
        line.integer(index + 1)
        line.raw(",\"name\":")
        line.string(label)
        line.raw("}")
      }
      line.raw("\n]}\n")
    } else {
      line.raw("\n]\n")
    }
    try file.write(line.bytes)
    try file.commit()
  }

  private func add(_ detection: Detection, of image: Int) {
    guard detection.score.isFinite, detection.box.isFinite else {
      counts.detectionsLeftOut += 1
      return
    }
    guard let category = category(detection.label) else {
      counts.unknownLabels += 1
      return
    }
    line.raw(counts.annotations > 0 ? ",\n{" : "\n{")
    counts.annotations += 1
    if truth == nil {
      line.raw("\"id\":")
      line.integer(counts.annotations)
      line.raw(",")
    }
    line.raw("\"image_id\":")
    line.integer(image)
    line.raw(",\"category_id\":")
    line.integer(category)
    let box = detection.box
    var separator = ",\"bbox\":["
    for value in [box.x, box.y, box.width, box.height] {
      line.raw(separator)
      line.decimal(Double(value), places: 2)
      separator = ","
    }
    line.raw("]")
    if truth == nil {
      line.raw(",\"area\":")
      line.decimal(Double(box.width) * Double(box.height), places: 2)
      line.raw(",\"iscrowd\":0")
    }
    line.raw(",\"score\":")
    line.decimal(Double(detection.score), places: 4)
    if let track = detection.track {
      line.raw(",\"track_id\":")
      line.integer(track)
    }
    line.raw("}")
  }

  private func addImage(_ id: Int, _ name: String, _ header: FrameHeader) {
    line.raw("{\"id\":")
    line.integer(id)
    line.raw(",\"file_name\":")
    line.string(name)
    line.raw(",\"width\":")
    line.integer(header.width)
    line.raw(",\"height\":")
    line.integer(header.height)
    line.raw(",\"stream\":")
    line.string(header.stream.id)
    line.raw(",\"frame\":")
    line.integer(header.sequence)
    line.raw(",\"pts_s\":")
    line.seconds(nanoseconds: header.mediaTime.nanoseconds)
    line.raw("}")
  }

  private func category(_ label: String) -> Int? {
    if let known = ids[label] { return known }
    var id: Int?
    if let truth {
      id = truth.category(label)
    } else {
      labels.append(label)
      id = labels.count
    }
    ids[label] = .some(id)
    return id
  }

  /// The picture's own file; of a video `STREAM/000001.jpg` and so on, as `ffmpeg -i VIDEO STREAM/%06d.jpg` and
  /// MOTChallenge number them.
  private static func name(of header: FrameHeader) -> String {
    let source = header.source
    if let dot = source.lastIndex(of: "."), !source.contains("://"),
      PictureKinds.endings.subtracting(moving).contains(source[source.index(after: dot)...].lowercased())
    {
      return source
    }
    let digits = String(header.sequence + 1)
    return "\(header.stream.id)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).jpg"
  }

  /// Files that may hold many pictures.
  private static let moving: Set<String> = ["gif", "apng"]
}
