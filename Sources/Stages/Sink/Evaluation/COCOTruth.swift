import Detectors
import EdgepipeCore
import Foundation

/// The ids of a dataset in COCO's format, by the names of its pictures and categories.
struct COCOTruth {
  private static let largestFile = 1 << 30

  private var images: [String: Int] = [:]
  private var categories: [String] = []
  private var categoryIDs: [Int] = []

  /// Reads the dataset's images and categories.
  ///
  /// - Throws: a ``PipelineError``: `notFound` when the file cannot be read, `malformed` when it is no such dataset.
  init(path: String) throws {
    let data = try readFile(URL(fileURLWithPath: path), what: "dataset", limit: Self.largestFile)
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: data)
    } catch {
      throw PipelineError(
        "the dataset '\(path)' cannot be read: it is not JSON with images and categories as COCO has them",
        remedy: "give 'truth' the path of a dataset in COCO format", code: .malformed)
    }
    var repeated: Set<String> = []
    for image in file.images {
      // Names may stand with folders in front of them, which a pipeline's source leaves out.
      let last = Self.last(image.file_name)
      if last != image.file_name, images.updateValue(image.id, forKey: last) != nil { repeated.insert(last) }
    }
    for name in repeated { images.removeValue(forKey: name) }
    for image in file.images { images[image.file_name] = image.id }
    categories = file.categories.map(\.name)
    categoryIDs = file.categories.map(\.id)
  }

  func image(_ name: String) -> Int? { images[name] ?? images[Self.last(name)] }

  func category(_ label: String) -> Int? { ClassName.index(of: label, in: categories).map { categoryIDs[$0] } }

  private static func last(_ name: String) -> String { name.split(separator: "/").last.map(String.init) ?? name }

  private struct File: Decodable {
    struct Image: Decodable {
      let id: Int
      let file_name: String
    }

    struct Category: Decodable {
      let id: Int
      let name: String
    }

    let images: [Image]
    let categories: [Category]
  }
}
