/// How class names are compared wherever a person writes one: the classes of a detector, the labels of trackers, zones
/// and lines, the categories of a dataset.
///
/// Case, and spaces written as `_` or `-`, do not matter. Names that Pascal VOC and Darknet use for COCO's categories are
/// known, such as `aeroplane`.
package enum ClassName {
  /// What Pascal VOC calls six of COCO's categories; Darknet's `coco.names` kept these names.
  private static let synonyms = [
    "aeroplane": "airplane", "diningtable": "dining table", "motorbike": "motorcycle", "pottedplant": "potted plant",
    "sofa": "couch", "tvmonitor": "tv",
  ]

  /// Equal for names that mean the same.
  package static func key(_ name: String) -> String {
    let plain = name.lowercased().split { $0.isWhitespace || $0 == "_" || $0 == "-" }.joined(separator: " ")
    return synonyms[plain] ?? plain
  }

  /// The class that a name means: the one that is spelled so, else the first that means the same; nil when there is none.
  package static func index(of name: String, in classes: [String]) -> Int? {
    if let exact = classes.firstIndex(of: name) { return exact }
    let wanted = key(name)
    return classes.firstIndex { key($0) == wanted }
  }

  /// The names as given and every other known spelling of them: what a filter on labels looks up, so that nothing has to
  /// be compared by meaning for each box.
  package static func spellings(_ names: [String]) -> Set<String> {
    var all = Set(names)
    for name in names {
      let key = key(name)
      for meant in [key] + synonyms.filter({ $0.value == key }).keys { all.formUnion(written(meant)) }
    }
    return all
  }

  /// `hard hat`, `Hard hat`, `Hard Hat` and `HARD HAT`, with spaces, `_` or `-` between the words.
  private static func written(_ key: String) -> [String] {
    let words = key.split(separator: " ").map(String.init)
    let capitals = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }
    let cases: [[String]] = [
      words, Array(capitals.prefix(1)) + words.dropFirst(), capitals, words.map { $0.uppercased() },
    ]
    return cases.flatMap { words in [" ", "_", "-"].map { words.joined(separator: $0) } }
  }
}
