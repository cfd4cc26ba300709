import Detectors
import EdgepipeCore

/// Which category of a dataset each class of a model is, by name: indices of classes and ids of categories differ.
///
/// Names are compared as ``ClassName`` does.
package struct COCOClassMap: Sendable, Hashable {
  /// By index of the class; nil for classes that are not evaluated.
  let categoryIDs: [Int?]

  /// The ids of the categories to evaluate: those that the model knows, of those that are wanted.
  package var evaluated: Set<Int> { Set(categoryIDs.compactMap { $0 }) }

  /// - Parameters:
  ///   - classes: the model's, in its order.
  ///   - model: what errors call it.
  ///   - file: the dataset's, for errors.
  ///   - wanted: the only classes to evaluate; nil for all that the model knows.
  /// - Throws: ``PipelineError``: `malformed` where the model has a class that the dataset has not, `invalidArgument`
  ///   where `wanted` names one that either of them has not.
  package init(
    classes: [String], model: String, dataset: COCODataset, file: String, wanted: [String]? = nil
  ) throws {
    let names = Self.index(dataset.categories.map(\.name))
    let chosen: Set<Int>?
    if let wanted {
      let categories = try Self.categories(wanted, dataset: dataset, file: file)
      let known = Set(classes.map(ClassName.key))
      let unknown = categories.map { dataset.categories[$0].name }.filter { !known.contains(ClassName.key($0)) }
      guard unknown.isEmpty else {
        throw PipelineError(
          "the model '\(model)' has no class \(Self.list(unknown))",
          remedy: "`edgepipe models info` lists its classes", code: .invalidArgument)
      }
      chosen = Set(categories)
    } else {
      chosen = nil
    }
    let found = classes.map { names[ClassName.key($0)] }
    let unknown = zip(classes, found).filter { $1 == nil }.map(\.0)
    if chosen == nil, !unknown.isEmpty {
      throw PipelineError(
        "'\(file)' has no category \(Self.list(unknown)), which the model '\(model)' detects",
        remedy: unknown.count < classes.count
          ? "name the classes to evaluate with --classes"
          : "evaluate it with annotations of the classes that it detects",
        code: .malformed)
    }
    var ids: [Int?] = [], owners: [Int: String] = [:]
    for (name, category) in zip(classes, found) {
      guard let category, chosen?.contains(category) ?? true else {
        ids.append(nil)
        continue
      }
      if let other = owners.updateValue(name, forKey: category) {
        let both = dataset.categories[category].name
        throw PipelineError(
          "the classes '\(other)' and '\(name)' of the model '\(model)' map to the same category '\(both)'",
          remedy: "give them different names in the model's manifest", code: .malformed)
      }
      ids.append(dataset.categories[category].id)
    }
    categoryIDs = ids
  }

  /// The ids of the categories with these names.
  ///
  /// - Throws: ``PipelineError`` (`invalidArgument`) that names those which the dataset has not.
  package static func categoryIDs(
    named names: [String], dataset: COCODataset, file: String
  ) throws -> Set<Int> {
    Set(try categories(names, dataset: dataset, file: file).map { dataset.categories[$0].id })
  }

  private static func categories(
    _ names: [String], dataset: COCODataset, file: String
  ) throws -> [Int] {
    let known = dataset.categories.map(\.name), index = index(known)
    let unknown = names.filter { index[ClassName.key($0)] == nil }
    guard unknown.isEmpty else {
      let hints = unknown.map { name in
        NearestName.suggestion(for: name, among: known).map { "'\(Quoted.short(name))' (did you mean '\($0)'?)" }
          ?? "'\(Quoted.short(name))'"
      }
      throw PipelineError("'\(file)' has no category \(hints.joined(separator: ", "))", code: .invalidArgument)
    }
    return names.compactMap { index[ClassName.key($0)] }
  }

  private static func index(_ names: [String]) -> [String: Int] {
    Dictionary(
      names.enumerated().map { (ClassName.key($0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  /// In quotes; of many the first ones.
  private static func list(_ names: [String]) -> String {
    names.prefix(8).map { "'\(Quoted.short($0))'" }.joined(separator: ", ")
      + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
