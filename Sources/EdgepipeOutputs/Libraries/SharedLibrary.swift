import EdgepipeCore
import Foundation

/// What a library of the system is called, and how one comes by it.
struct LibraryName: Sendable {
  /// Such as `libmosquitto.so.1`.
  let file: String
  /// The environment variable with its path, where it lies elsewhere.
  let variable: String
  /// Debian's package.
  let package: String

  var remedy: String { "install it with 'apt-get install \(package)', or set \(variable) to the library's path" }

  /// What `dlopen` is asked for, in order: the variable's path alone, else beside the program, else the system's path.
  func candidates(environment: [String: String] = ProcessInfo.processInfo.environment) -> [String] {
    // A path that a person gave stands alone: nothing replaces it silently.
    if let path = environment[variable], !path.isEmpty { return [path] }
    let folder = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    let beside = folder?.deletingLastPathComponent().appendingPathComponent("lib/\(file)").path
    return [beside, file].compactMap { $0 }
  }
}

/// A library that is opened when a run needs it, and its table of functions. It stays loaded until the process ends, because
/// its threads and static objects do.
@safe final class SharedLibrary<Functions>: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the table is written once, here, and never freed.
  let functions: UnsafePointer<Functions>
  let path: String

  /// - Parameter symbols: the names of the functions, one for each pointer in `Functions`, in order.
  /// - Throws: ``PipelineError`` `unavailable` where the library is not there or lacks a function.
  init(_ name: LibraryName, symbols: [String]) throws(PipelineError) {
    let size = MemoryLayout<Functions>.size
    unsafe precondition(symbols.count * MemoryLayout<UnsafeRawPointer>.size == size)
    let candidates = name.candidates()
    for candidate in candidates {
      // SAFETY: the name is a C string for the call; the library's initializers are trusted code.
      guard let handle = unsafe dlopen(candidate, RTLD_NOW | RTLD_LOCAL) else { continue }
      let table = UnsafeMutablePointer<Functions>.allocate(capacity: 1)
      for (index, symbol) in symbols.enumerated() {
        guard let function = unsafe dlsym(handle, symbol) else {
          unsafe table.deallocate()
          unsafe dlclose(handle)
          throw PipelineError(
            "'\(candidate)' is too old or is not \(name.file): it has no \(symbol)", remedy: name.remedy,
            code: .unavailable)
        }
        // SAFETY: the table is as long as the symbols are many, see the precondition.
        unsafe UnsafeMutableRawPointer(table).storeBytes(
          of: function, toByteOffset: index * MemoryLayout<UnsafeRawPointer>.size, as: UnsafeMutableRawPointer.self)
      }
      unsafe functions = UnsafePointer(table)
      path = candidate
      return
    }
    throw PipelineError(
      candidates.count == 1 ? "cannot load \(name.file) from '\(candidates[0])'" : "\(name.file) is not installed",
      remedy: name.remedy, code: .unavailable)
  }
}
