/// All files that a run or a command reads and writes: finds out, before any of them is opened, where one that is
/// written is also read, or written twice, or being written by another program.
///
/// Regular files count, by device and inode: links and other spellings lead to the same one. What is not there yet
/// counts by its folder and its name. Devices and pipes may be shared.
package struct FileClaims: Sendable {
  private struct Claim: Sendable, Hashable {
    let use: FileUse
    /// Nil: the command's own.
    let stage: String?
    let place: FilePlace
  }

  private var claims: [Claim] = []
  private var owners: [FileIdentity: [Int]] = [:]
  private var folders: [(index: Int, folder: ClaimedFolder)] = []
  private var known: Set<Claim> = []

  package init() {}

  /// Checks the files of a command that runs no pipeline.
  ///
  /// - Throws: the first ``PipelineError``, `writeFailed`.
  package static func check(_ uses: [FileUse]) throws(PipelineError) {
    var claims = FileClaims()
    for use in uses { if let error = claims.add(use, of: nil) { throw error } }
  }

  /// Adds a file, unless that is an error: then nothing changes.
  ///
  /// - Parameter stage: the id of the stage that reads or writes it; nil for the command itself.
  /// - Returns: why the file cannot be had: at the stage that writes, `invalidConfiguration`; `writeFailed` for the
  ///   command's own files and for one that cannot be written at all.
  package mutating func add(_ use: FileUse, of stage: String?) -> PipelineError? {
    let claim = Claim(use: use, stage: stage, place: FilePlace(use.path))
    if known.contains(claim) { return nil }
    if use.access == .writes, let error = unusable(claim) { return error }
    if let other = conflict(of: claim) { return error(claim, other) }
    keep(claim)
    return nil
  }

  /// Looks again at what each path leads to: what was still to come may be there now.
  package mutating func refresh() {
    let old = claims
    self = FileClaims()
    for claim in old { keep(Claim(use: claim.use, stage: claim.stage, place: FilePlace(claim.use.path))) }
  }

  private mutating func keep(_ claim: Claim) {
    known.insert(claim)
    claims.append(claim)
    if case .folder(let endings) = claim.use.scope {
      if let folder = ClaimedFolder(claim.use.path, at: claim.place, endings: endings) {
        folders.append((claims.count - 1, folder))
      }
    } else if let identity = claim.place.fileIdentity {
      owners[identity, default: []].append(claims.count - 1)
    }
  }

  // MARK: - Conflicts

  private func conflict(of claim: Claim) -> Claim? {
    func clashes(_ index: Int) -> Bool { claim.use.access == .writes || claims[index].use.access == .writes }
    if case .folder(let endings) = claim.use.scope {
      guard let folder = ClaimedFolder(claim.use.path, at: claim.place, endings: endings) else { return nil }
      if let other = folders.first(where: { clashes($0.index) && $0.folder.identity == folder.identity }) {
        return claims[other.index]
      }
      let other = claims.indices.first { index in
        guard clashes(index), claims[index].use.scope == .file else { return false }
        return claims[index].place.fileIdentity.map { folder.holds($0) } ?? false
      }
      return other.map { claims[$0] }
    }
    guard let identity = claim.place.fileIdentity else { return nil }
    if let index = owners[identity]?.first(where: clashes) { return claims[index] }
    let folder = folders.first { clashes($0.index) && $0.folder.holds(identity) }
    return folder.map { claims[$0.index] }
  }

  /// The error stands where a stage writes; otherwise it is the command's.
  private func error(_ new: Claim, _ old: Claim) -> PipelineError {
    var (writer, other) = new.use.access == .writes ? (new, old) : (old, new)
    if writer.stage == nil, other.stage != nil, other.use.access == .writes { swap(&writer, &other) }
    let whose = writer.stage == nil ? " for \(writer.use.role)" : ""
    let spelled = writer.use.path == other.use.path || other.use.scope != writer.use.scope
    let where_ =
      switch (writer.use.scope, other.use.scope) {
      case (.folder, .file): "'\(other.use.path)' in it is \(other.use.role)"
      case (.file, .folder): "it is one of the files in '\(other.use.path)', \(other.use.role)"
      default: spelled ? "it is \(other.use.role)" : "it is the same as '\(other.use.path)', \(other.use.role)"
      }
    return PipelineError(
      "cannot write '\(writer.use.path)'\(whose): \(where_)\(other.use.access == .writes ? ", too" : "")",
      remedy: remedy(writer, other), stage: writer.stage,
      code: writer.stage == nil ? .writeFailed : .invalidConfiguration)
  }

  private func remedy(_ writer: Claim, _ other: Claim) -> String {
    writer.stage != nil && writer.stage == other.stage && writer.use.path == other.use.path
      ? "put {stream} into the path: one file is then written for each stream" : "choose another path for one of them"
  }

  // MARK: - What cannot be written

  private func unusable(_ claim: Claim) -> PipelineError? {
    do throws(PipelineError) {
      switch claim.use.scope {
      case .file:
        try OutputPath.checkFile(claim.use.path)
        if case .file(let identity) = claim.place, let holder = LockHolder.other(of: identity) {
          throw OutputFile.isWritten(claim.use.path, by: holder)
        }
      case .folder: try OutputPath.checkFolder(claim.use.path)
      case .socket: try OutputPath.checkSocket(claim.use.path)
      }
      return nil
    } catch {
      var error = error
      error.stage = claim.stage
      return error
    }
  }
}
