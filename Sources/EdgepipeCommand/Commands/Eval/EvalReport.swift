import EdgepipeCore
import Foundation
import Measure

/// Where the detections of an evaluation are from.
enum EvalSource {
  case model(String, DatasetRun.Settings, DatasetRun.Result)
  /// A results file.
  case file(String)

  var title: String {
    switch self {
    case .model(let name, _, _): name
    case .file(let path): URL(fileURLWithPath: path).lastPathComponent
    }
  }
}

/// What an evaluation says: for people, and as JSON.
struct EvalReport {
  /// The annotations, as the user named them.
  let file: String
  /// With the evaluated categories alone.
  let dataset: COCODataset
  let source: EvalSource
  let predictions: Int
  /// Names of the dataset's categories that are not evaluated, and why not.
  let leftOut: [String]
  let reason: String
  let evaluation: COCOEvaluation

  private var crowds: Int { dataset.annotations.count(where: \.isCrowd) }
  private var objects: Int { evaluation.categories.reduce(0) { $0 + $1.objects } }

  // MARK: - For people

  var text: String {
    let found = "\(predictions) detections in \(dataset.pictures.count) pictures"
    var facts = Table(alignment: [.left, .left])
    switch source {
    case .model(let name, let settings, let result):
      facts.add(["model", "\(name), input \(sizes(result)), \(text(result.facts["engine"]))"])
      facts.add([
        "settings",
        "score > \(settings.score), IoU \(settings.iou), at most \(settings.maxDetections) detections, "
          + "\(settings.workers) workers",
      ])
      facts.add(["found", found + String(format: " in %.1f s", result.seconds)])
    case .file(let path): facts.add(["found", "\(found), from \(path)"])
    }
    facts.add([
      "compared", "\(objects) objects and \(crowds) crowds of \(dataset.categories.count) categories, \(file)",
    ])
    if !leftOut.isEmpty {
      let names =
        leftOut.prefix(6).joined(separator: ", ")
        + (leftOut.count > 6 ? " and \(leftOut.count - 6) more" : "")
      facts.add(["left out", "\(leftOut.count) \(leftOut.count == 1 ? "category" : "categories"), \(reason): \(names)"])
    }
    return [facts.text, classTable, figureTable].joined(separator: "\n\n")
  }

  private var classTable: String {
    let figures: [COCOFigure] = [.ap, .ap50, .ap75, .apSmall, .apMedium, .apLarge, .ar100]
    var table = Table(
      ["category", "objects"] + figures.map(\.title), alignment: [.left, .right] + figures.map { _ in .right })
    for category in evaluation.categories where category.objects > 0 {
      table.add([category.name, "\(category.objects)"] + figures.map { number(category.figures[$0]) })
    }
    return table.text
  }

  private var figureTable: String {
    var table = Table(
      ["figure", "all", "small", "medium", "large"], alignment: [.left, .right, .right, .right, .right])
    let overall = evaluation.overall
    let rows: [(String, [COCOFigure])] = [
      ("AP at IoU 0.50:0.95", [.ap, .apSmall, .apMedium, .apLarge]), ("AP at IoU 0.50", [.ap50]),
      ("AP at IoU 0.75", [.ap75]), ("AR of the best detection", [.ar1]), ("AR of the best 10", [.ar10]),
      ("AR of the best 100", [.ar100, .arSmall, .arMedium, .arLarge]),
    ]
    for (name, figures) in rows {
      let cells = figures.map { number(overall[$0]) }
      table.add([name] + cells + [String](repeating: "", count: 4 - cells.count))
    }
    return table.text
  }

  private func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }

  private func sizes(_ result: DatasetRun.Result) -> String {
    guard case .list(let sizes)? = result.facts["input_sizes"] else { return "?" }
    return sizes.count > 3 ? "\(sizes.count) sizes" : sizes.map { text($0) }.joined(separator: ", ")
  }

  private func text(_ value: ReportValue?) -> String { if case .string(let text)? = value { text } else { "?" } }

  // MARK: - JSON

  var value: ReportValue {
    var root: [String: ReportValue] = [
      "dataset": .object([
        "file": .string(file), "pictures": .int(dataset.pictures.count), "objects": .int(objects),
        "crowds": .int(crowds), "categories": .int(dataset.categories.count),
      ]),
      "detections": .int(predictions),
      "figures": Self.value(evaluation.overall),
      "categories": .list(
        evaluation.categories.map { category in
          .object([
            "id": .int(category.id), "name": .string(category.name), "objects": .int(category.objects),
            "figures": Self.value(category.figures),
          ])
        }),
      "left_out": .list(leftOut.map { .string($0) }),
    ]
    switch source {
    case .model(_, let settings, let result):
      root["model"] = .object(result.facts)
      root["settings"] = .object([
        "shape": .string(settings.shape.defaultValueDescription), "score": .double(settings.score),
        "iou": .double(settings.iou), "max_detections": .int(settings.maxDetections),
      ])
      root["wall_s"] = .double((result.seconds * 1000).rounded() / 1000)
    case .file(let path): root["predictions"] = .string(path)
    }
    return .object(root)
  }

  /// Null where there is no ground truth.
  private static func value(_ figures: COCOFigures) -> ReportValue {
    .object(
      Dictionary(
        uniqueKeysWithValues: COCOFigure.allCases.map { ($0.rawValue, figures[$0].map { .double($0) } ?? .null) }))
  }
}
