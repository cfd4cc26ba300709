import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// The files that `edgepipe models split` writes: each part and its manifest.
struct PartFiles {
  struct File {
    var name: String
    var data: Data
    var manifest: PartManifest
  }

  let folder: String
  let files: [File]
  /// For a server that runs the last part.
  let repository: (folder: String, content: TritonRepository)?
  private let stem: String

  /// - Parameters:
  ///   - folder: nil for one named after the model.
  ///   - replaces: parts of the same name that are there.
  ///   - features: the table of the cut's tensors; nil where they go across as they are.
  ///   - triton: the folder of a model repository that is written as well.
  /// - Throws: a ``PipelineError``: `alreadyExists` for parts that stay, `writeFailed` where nothing can be written.
  init(
    _ split: GraphSplit, _ models: [OnnxModel], of model: ResolvedModel, folder: String?, replaces: Bool,
    features: FeatureTable? = nil, triton: String? = nil
  ) throws {
    let name = model.manifest?.name ?? model.file.deletingPathExtension().lastPathComponent
    stem = OutputPath.fileName(for: name)
    let folder = folder ?? "\(stem)-parts", stem = stem
    self.folder = folder
    files = try models.enumerated().map { index, part in
      let data = try part.serialized(), file = "\(stem)-part\(index + 1).onnx"
      return File(
        name: file, data: data,
        manifest: PartManifest(
          split, index, of: part, model: model, file: file, sha256: FileHash.sha256(of: data), features: features))
    }
    if let triton, let features, let last = models.last {
      repository = (triton, try TritonRepository(name: "\(stem)-rest", part: last, table: features))
    } else {
      repository = nil
    }
    let repository = repository
    if !replaces {
      if let there = Self.old(stem, in: folder).first { throw Self.isThere("\(folder)/\(there)", "--output") }
      if let (triton, content) = repository, FileManager.default.fileExists(atPath: "\(triton)/\(content.name)") {
        throw Self.isThere("\(triton)/\(content.name)", "--triton")
      }
    }
    try FileClaims.check(
      model.files(as: "the model")
        + files.flatMap { file in
          [file.name, PartManifest.path(of: file.name)].map { .writes("\(folder)/\($0)", as: "a part") }
        }
        + (repository.map { repository in
          repository.content.files.map { .writes("\(repository.folder)/\($0.path)", as: "--triton") }
        } ?? []))
  }

  private static func isThere(_ path: String, _ option: String) -> PipelineError {
    PipelineError(
      "'\(path)' already exists", remedy: "choose another \(option), or replace it with --force", code: .alreadyExists)
  }

  /// Parts of the same model that lie in the folder.
  private static func old(_ stem: String, in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { name in
      guard name.hasPrefix("\(stem)-part") else { return false }
      let rest = name.dropFirst(stem.count + 5).drop(while: \.isNumber)
      return rest == ".onnx" || rest == ".part.json"
    }
  }

  /// Writes each file whole; parts of an earlier cut that have no successor are removed.
  func write() throws {
    var written: Set<String> = []
    for file in files {
      try WholeFile.write(to: "\(folder)/\(file.name)", bytes: Array(file.data))
      let manifest = PartManifest.path(of: file.name)
      try WholeFile.write(to: "\(folder)/\(manifest)", bytes: Array(file.manifest.encoded()))
      written.formUnion([file.name, manifest])
    }
    for file in repository?.content.files ?? [] {
      try WholeFile.write(to: "\(repository?.folder ?? "")/\(file.path)", bytes: Array(file.data))
    }
    for name in Self.old(stem, in: folder) where !written.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }
}
